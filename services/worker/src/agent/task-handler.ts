import { isPermanent } from '@unpair/errors';
import {
  failSpan,
  publish,
  publishResult,
  withinSpan,
  type Delivery,
  type Logger,
  type NatsConnection,
} from '@unpair/platform';
import {
  encodeTraining,
  encodeWasted,
  queriesOf,
  resultOf,
  trainingSubject,
  wastedSubject,
  type Failure,
  type Task,
  type TaskResult,
  type Training,
} from '@unpair/protocol';
import { randomUUID } from 'node:crypto';
import type { ComputeProgress } from '../compute/messages.js';
import { failureOf } from '../failure.js';
import { BatchSpans } from './batch-spans.js';
import { handBack } from './hand-back.js';
import { withHeartbeat } from './heartbeat.js';
import type { DeliveryOutcome, WorkerMetrics } from './metrics.js';
import { delayAfter, strangeDelay, type RetryPolicy } from './retry-policy.js';
import type { TaskExecutor } from './task-executor.js';
import { readTask, type Reading, type TaskName } from './task-reading.js';

export interface TaskHandlerOptions {
  readonly worker: string;
  readonly connection: NatsConnection;
  readonly executor: TaskExecutor;
  /** Samples that tasks offer a model at a time. */
  readonly batchSize: () => number;
  readonly policy: RetryPolicy;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

export interface HandleOptions {
  /** Milliseconds between two signs of life for the broker. */
  readonly heartbeatInterval: number;
  /** Aborts when the worker must leave: the task is handed back. */
  readonly signal: AbortSignal;
  /** Aborts when nobody wants the task's result any more: it is dropped. */
  readonly abandoned: AbortSignal;
}

type Outcome = NonNullable<TaskResult['outcome']>;
type Signals = Pick<HandleOptions, 'signal' | 'abandoned'>;

const nothingDone: ComputeProgress = { queries: 0, images: 0, batches: 0, retries: 0 };

/**
 * Sees one delivery of a task through to exactly one of: result, failure, dead letter, out of the queue since nobody
 * wants it, or back to the queue. The result is the fence, written before the acknowledgement; whatever happens in
 * between is repeated and refused.
 */
export class TaskHandler {
  readonly #options: TaskHandlerOptions;

  constructor(options: TaskHandlerOptions) {
    this.#options = options;
  }

  /** Never rejects for what is wrong with the task; rejects when the broker could not be told within `signal`. */
  async handle(delivery: Delivery, options: HandleOptions): Promise<DeliveryOutcome> {
    const { metrics, executor } = this.#options;
    if (delivery.count > 1) metrics.redeliveries.inc();
    const onBeat = (): void => {
      metrics.heartbeats.inc();
    };
    const reading = readTask(delivery);
    const work = (): Promise<DeliveryOutcome> => this.#trace(delivery, reading, options);
    const outcome = await withHeartbeat(delivery, { interval: options.heartbeatInterval, onBeat }, work);
    if (reading.kind === 'task' && hasResult(outcome)) await executor.forget(reading.task);
    metrics.tasks.inc({ kind: kindOf(reading), outcome });
    return outcome;
  }

  /** Puts back a task that came while the worker was leaving or had another; one that cannot be read costs a delivery. */
  async refuse(delivery: Delivery): Promise<void> {
    const { connection, metrics } = this.#options;
    const reading = readTask(delivery);
    if (reading.kind === 'task' || reading.kind === 'strange')
      await withinSpan('hand back', { parent: delivery.trace }, () =>
        handBack(connection, delivery, reading.task),
      );
    else delivery.retry();
    this.#options.logger.info(
      { subject: delivery.subject, attempt: delivery.count },
      'handed a task back that was not begun',
    );
    metrics.tasks.inc({ kind: kindOf(reading), outcome: 'handed_back' });
  }

  /** Processes a delivery within a span below the one that it was published in. */
  #trace(delivery: Delivery, reading: Reading, signals: Signals): Promise<DeliveryOutcome> {
    const { subject, count: attempt, trace: parent } = delivery;
    const kind = kindOf(reading);
    const about = 'task' in reading ? nameOf(reading.task) : { subject };
    const attributes = { ...about, attempt, kind, worker: this.#options.worker };
    return withinSpan('task', { kind: 'consumer', attributes, parent }, async (span) => {
      const outcome = await this.#process(delivery, reading, signals);
      span.setAttribute('outcome', outcome);
      if (unwell.has(outcome)) failSpan(span, outcome);
      return outcome;
    });
  }

  async #process(delivery: Delivery, reading: Reading, signals: Signals): Promise<DeliveryOutcome> {
    switch (reading.kind) {
      case 'stray':
        return this.#drop(delivery, reading.reason);
      case 'strange':
        return this.#leaveToOthers(delivery, reading.task, reading.reason);
      case 'damaged':
        return this.#leaveUnread(delivery, reading.task, reading.reason);
      case 'task':
        if (delivery.count <= this.#options.policy.attempts)
          return this.#attempt(delivery, reading.task, signals);
        return this.#giveUp(delivery, reading.task, 'no attempt lived to say why');
    }
  }

  #drop(delivery: Delivery, reason: string): DeliveryOutcome {
    this.#options.logger.error({ subject: delivery.subject, reason }, 'dropped a message that is no task');
    delivery.drop();
    return 'dropped';
  }

  async #attempt(delivery: Delivery, task: Task, signals: Signals): Promise<DeliveryOutcome> {
    const { executor, logger } = this.#options;
    logger.debug({ ...nameOf(task), attempt: delivery.count, kind: caseOf(task) }, 'took a task');
    const done = { progress: nothingDone };
    const batches = new BatchSpans(nothingDone);
    try {
      const onProgress = (progress: ComputeProgress): void => {
        this.#count(done.progress, progress);
        done.progress = progress;
        batches.follow(progress);
        if (progress.training !== undefined) this.#tell(task, progress.training);
      };
      const signal = AbortSignal.any([signals.signal, signals.abandoned]);
      const result = await executor.execute(task, { signal, abandoned: signals.abandoned, onProgress });
      this.#occupied(done.progress);
      batches.end(done.progress);
      return await this.#publish(delivery, task, result.outcome, result);
    } catch (error) {
      const failed = failureOf(error);
      batches.end(done.progress);
      const isLeft = signals.signal.aborted || signals.abandoned.aborted;
      await this.#waste(task, done.progress.queries, isLeft ? '' : failed.message);
      return await this.#fail(delivery, task, { failed, ...signals });
    }
  }

  #occupied({ images, batches }: ComputeProgress): void {
    const { metrics, batchSize } = this.#options;
    if (batches > 0) metrics.batchOccupancy.set(images / batches / batchSize());
  }

  #count(before: ComputeProgress, now: ComputeProgress): void {
    const { metrics } = this.#options;
    metrics.images.inc(Math.max(0, now.images - before.images));
    metrics.batches.inc(Math.max(0, now.batches - before.batches));
    metrics.endpointRetries.inc(Math.max(0, now.retries - before.retries));
  }

  /** Says in passing how training goes: what the broker does not get costs nothing but a point of a picture. */
  #tell(task: Task, training: Training): void {
    const { connection } = this.#options;
    if (connection.isClosed() || connection.isDraining()) return;
    connection.publish(trainingSubject(task), encodeTraining(training));
  }

  /** Decides what becomes of a task after an attempt that brought no result. */
  async #fail(
    delivery: Delivery,
    task: Task,
    { failed, signal, abandoned }: { readonly failed: Failure } & Signals,
  ): Promise<DeliveryOutcome> {
    const { code, message: reason } = failed;
    const { logger, policy, connection } = this.#options;
    const about = { ...nameOf(task), attempt: delivery.count, code, reason };
    if (abandoned.aborted) {
      await delivery.done();
      logger.info(about, 'dropped a task that nobody waits for any more');
      return 'abandoned';
    }
    if (signal.aborted) {
      await handBack(connection, delivery, task);
      logger.info(about, 'handed a task back, since this worker leaves');
      return 'handed_back';
    }
    if (code === 'UNIMPLEMENTED') return this.#leaveToOthers(delivery, task, reason);
    if (isPermanent(code)) {
      logger.warn(about, 'task can never succeed');
      return this.#publish(delivery, task, failure(failed));
    }
    if (delivery.count >= policy.attempts) return this.#giveUp(delivery, task, reason);
    const delay = delayAfter(policy, delivery.count);
    logger.warn({ ...about, delay }, 'attempt failed; the task will come back');
    delivery.retry(delay);
    return 'retried';
  }

  /** A worker of another version may know what this one does not: the task waits for it, however long. */
  async #leaveToOthers(delivery: Delivery, task: Task, reason: string): Promise<DeliveryOutcome> {
    const { logger, policy, connection } = this.#options;
    logger.warn({ ...nameOf(task), reason }, 'a task of another version; handed back for other workers');
    if (delivery.count < policy.attempts) delivery.retry(strangeDelay(policy));
    else await handBack(connection, delivery, task);
    return 'handed_back';
  }

  /** Another worker may read what this one cannot; it comes as often as any task, for it can go back as it is alone. */
  async #leaveUnread(delivery: Delivery, task: TaskName, reason: string): Promise<DeliveryOutcome> {
    const { logger, policy } = this.#options;
    if (delivery.count >= policy.attempts) return this.#giveUp(delivery, task, reason);
    logger.warn({ ...nameOf(task), reason }, 'a task that cannot be read; handed back for other workers');
    delivery.retry(strangeDelay(policy));
    return 'handed_back';
  }

  async #giveUp(delivery: Delivery, task: TaskName, reason: string): Promise<DeliveryOutcome> {
    const deliveries = Math.min(delivery.count, this.#options.policy.attempts);
    this.#options.logger.error({ ...nameOf(task), attempt: delivery.count, reason }, 'task given up');
    const value = { deliveries, publications: task.generation + 1, reason };
    await publishResult(
      this.#options.connection,
      resultOf(task, { $case: 'deadLetter', value }, this.#options.worker),
    );
    delivery.drop();
    return 'dead_letter';
  }

  async #publish(
    delivery: Delivery,
    task: Task | TaskName,
    outcome: TaskResult['outcome'],
    result: TaskResult = resultOf(task, outcome, this.#options.worker),
  ): Promise<DeliveryOutcome> {
    const { connection, metrics, logger } = this.#options;
    const queries = queriesOf(result);
    const about = { ...nameOf(task), attempt: delivery.count, kind: caseOf(task) };
    const verdict = await publishResult(connection, result);
    await delivery.done();
    if (verdict === 'refused') {
      metrics.wastedQueries.inc({ reason: 'refused' }, queries);
      logger.info({ ...about, queries }, 'a result was refused: the task has one already');
      return 'refused';
    }
    metrics.taskSeconds.observe({ kind: caseOf(task) }, result.seconds);
    logger.debug({ ...about, queries, seconds: result.seconds }, 'a task has its result');
    if (queries > 0) metrics.queries.inc({ attack: attackOf(task) }, queries);
    return outcome?.$case === 'failure' ? 'failed' : 'done';
  }

  /** Accounts for evaluations whose rows are lost, and says why. Best effort: a lost attempt must not hold up the next. */
  async #waste(task: Task, queries: number, error: string): Promise<void> {
    if (queries === 0 && error === '') return;
    const { connection, worker, metrics } = this.#options;
    const { campaignId, index, generation } = task;
    metrics.wastedQueries.inc({ reason: 'lost' }, queries);
    const wasted = encodeWasted({ campaignId, index, generation, worker, queries, error });
    const options = { messageId: randomUUID(), patience: 0 };
    await publish(connection.jetstream(), wastedSubject(campaignId), wasted, options).catch(() => undefined);
  }
}

/** Outcomes of an attempt that went wrong. */
const unwell: ReadonlySet<DeliveryOutcome> = new Set(['failed', 'retried', 'dead_letter', 'dropped']);

/** A dead letter is none: who tries it again goes on from where it was. */
function hasResult(outcome: DeliveryOutcome): boolean {
  return outcome === 'done' || outcome === 'failed' || outcome === 'refused';
}

function nameOf({ campaignId, index }: TaskName): { readonly campaign: string; readonly task: number } {
  return { campaign: campaignId, task: index };
}

function kindOf(reading: Reading): string {
  return reading.kind === 'task' ? caseOf(reading.task) : 'unknown';
}

function caseOf(task: Task | TaskName): string {
  return ('work' in task ? task.work?.$case : undefined) ?? 'unknown';
}

/** What asks the target in a task: an attack, or the way in which a model is made. */
function attackOf(task: Task | TaskName): string {
  const work = 'work' in task ? task.work : undefined;
  if (work?.$case === 'attack' || work?.$case === 'prepare') return work.value.attack;
  return work?.$case === 'derive' ? work.value.kind : '';
}

function failure(value: Failure): Outcome {
  return { $case: 'failure', value };
}
