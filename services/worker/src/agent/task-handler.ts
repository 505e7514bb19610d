import { isPermanent, UnpairError } from '@unpair/errors';
import { publish, publishResult, type Delivery, type Logger, type NatsConnection } from '@unpair/platform';
import {
  decodeTask,
  encodeTraining,
  encodeWasted,
  parseSubject,
  queriesOf,
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
import { handBack } from './hand-back.js';
import { withHeartbeat } from './heartbeat.js';
import type { DeliveryOutcome, WorkerMetrics } from './metrics.js';
import { delayAfter, type RetryPolicy } from './retry-policy.js';
import type { TaskExecutor } from './task-executor.js';

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
}

type Outcome = NonNullable<TaskResult['outcome']>;

const nothingDone: ComputeProgress = { queries: 0, images: 0, batches: 0 };

/**
 * Sees one delivery of a task through to exactly one of: result, failure, dead letter, or back to the queue.
 * The result is the fence, written before the acknowledgement; whatever happens in between is repeated and refused.
 */
export class TaskHandler {
  readonly #options: TaskHandlerOptions;

  constructor(options: TaskHandlerOptions) {
    this.#options = options;
  }

  /** Never rejects for what is wrong with the task; rejects when the broker could not be told within `signal`. */
  async handle(delivery: Delivery, { heartbeatInterval, signal }: HandleOptions): Promise<DeliveryOutcome> {
    const { metrics } = this.#options;
    if (delivery.count > 1) metrics.redeliveries.inc();
    const onBeat = (): void => {
      metrics.heartbeats.inc();
    };
    const task = this.#read(delivery);
    const work = (): Promise<DeliveryOutcome> => this.#process(delivery, task, signal);
    const outcome = await withHeartbeat(delivery, { interval: heartbeatInterval, onBeat }, work);
    metrics.tasks.inc({ kind: kindOf(task), outcome });
    return outcome;
  }

  /** Puts back a task that came while the worker was leaving; one that cannot be read costs a delivery. */
  async refuse(delivery: Delivery): Promise<void> {
    const { connection, metrics } = this.#options;
    const task = this.#read(delivery);
    if ('error' in task) delivery.retry();
    else await handBack(connection, delivery, task);
    metrics.tasks.inc({ kind: kindOf(task), outcome: 'handed_back' });
  }

  /** A task that cannot be read is still addressed by its subject, so that it can fail by name. */
  #read(delivery: Delivery): Task | MalformedTask {
    try {
      return decodeTask(delivery.data);
    } catch (error) {
      if (!(error instanceof UnpairError)) throw error;
      const address = parseSubject(delivery.subject) ?? { campaignId: '', index: 0, round: 0 };
      return { ...address, generation: 0, error };
    }
  }

  async #process(
    delivery: Delivery,
    task: Task | MalformedTask,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> {
    const { deadLetterDelivery } = this.#options.policy;
    if (delivery.count >= deadLetterDelivery) return this.#writeOff(delivery, task);
    if ('error' in task) return this.#finish(delivery, task, failure(failureOf(task.error)));
    return this.#attempt(delivery, task, signal);
  }

  async #attempt(delivery: Delivery, task: Task, signal: AbortSignal): Promise<DeliveryOutcome> {
    const { executor, metrics } = this.#options;
    const done = { progress: nothingDone };
    try {
      const onProgress = (progress: ComputeProgress): void => {
        this.#count(done.progress, progress);
        done.progress = progress;
        if (progress.training !== undefined) this.#tell(task, progress.training);
      };
      const result = await executor.execute(task, { signal, onProgress });
      const { images, batches } = done.progress;
      if (batches > 0) metrics.batchOccupancy.set(images / batches / this.#options.batchSize());
      return await this.#publish(delivery, task, result);
    } catch (error) {
      return await this.#giveUp(delivery, task, { error, queries: done.progress.queries, signal });
    }
  }

  #count(before: ComputeProgress, now: ComputeProgress): void {
    const { metrics } = this.#options;
    metrics.images.inc(Math.max(0, now.images - before.images));
    metrics.batches.inc(Math.max(0, now.batches - before.batches));
  }

  /** Says in passing how training goes: what the broker does not get costs nothing but a point of a picture. */
  #tell(task: Task, training: Training): void {
    const { connection } = this.#options;
    if (connection.isClosed() || connection.isDraining()) return;
    connection.publish(trainingSubject(task), encodeTraining(training));
  }

  async #giveUp(
    delivery: Delivery,
    task: Task,
    { error, queries, signal }: { error: unknown; queries: number; signal: AbortSignal },
  ): Promise<DeliveryOutcome> {
    const failed = failureOf(error);
    const { code, message: reason } = failed;
    const { logger, policy } = this.#options;
    const about = { campaign: task.campaignId, task: task.index, code, reason };
    await this.#waste(task, queries);
    if (!signal.aborted && isPermanent(code)) {
      logger.warn(about, 'task can never succeed');
      return this.#finish(delivery, task, failure(failed));
    }
    if (signal.aborted) {
      await handBack(this.#options.connection, delivery, task);
      return 'handed_back';
    }
    const delay = delayAfter(policy, delivery.count);
    logger.warn({ ...about, delay }, 'attempt failed; the task will come back');
    delivery.retry(delay);
    return 'retried';
  }

  async #writeOff(delivery: Delivery, task: Task | MalformedTask): Promise<DeliveryOutcome> {
    const { logger } = this.#options;
    const { count: deliveries } = delivery;
    const reason = `It was delivered ${deliveries} times and no attempt lived to write a result.`;
    logger.error({ campaign: task.campaignId, task: task.index, deliveries }, 'task written off');
    const outcome: Outcome = { $case: 'deadLetter', value: { deliveries, reason } };
    await publishResult(this.#options.connection, this.#resultOf(task, outcome));
    delivery.drop();
    return 'dead_letter';
  }

  async #finish(delivery: Delivery, task: Task | MalformedTask, outcome: Outcome): Promise<DeliveryOutcome> {
    return this.#publish(delivery, task, this.#resultOf(task, outcome));
  }

  async #publish(
    delivery: Delivery,
    task: Task | MalformedTask,
    result: TaskResult,
  ): Promise<DeliveryOutcome> {
    const { connection, metrics } = this.#options;
    const queries = queriesOf(result);
    const verdict = await publishResult(connection, result);
    await delivery.done();
    if (verdict === 'refused') {
      metrics.wastedQueries.inc({ reason: 'refused' }, queries);
      return 'refused';
    }
    metrics.taskSeconds.observe({ kind: kindOf(task) }, result.seconds);
    if (queries > 0) metrics.queries.inc({ attack: attackOf(task) }, queries);
    return result.outcome?.$case === 'failure' ? 'failed' : 'done';
  }

  /** Accounts for evaluations whose rows are lost. Best effort: a lost attempt must not hold up the next. */
  async #waste(task: Task, queries: number): Promise<void> {
    if (queries === 0) return;
    const { connection, worker, metrics } = this.#options;
    const { campaignId, index, generation } = task;
    metrics.wastedQueries.inc({ reason: 'lost' }, queries);
    const wasted = encodeWasted({ campaignId, index, generation, worker, queries });
    const options = { messageId: randomUUID(), patience: 0 };
    await publish(connection.jetstream(), wastedSubject(campaignId), wasted, options).catch(() => undefined);
  }

  #resultOf({ campaignId, index, round, generation }: Task | MalformedTask, outcome: Outcome): TaskResult {
    const { worker } = this.#options;
    return { campaignId, index, round, generation, worker, runtime: '', seconds: 0, outcome };
  }
}

interface MalformedTask {
  readonly campaignId: string;
  readonly index: number;
  readonly round: number;
  readonly generation: number;
  readonly error: UnpairError;
}

function kindOf(task: Task | MalformedTask): string {
  return ('work' in task ? task.work?.$case : undefined) ?? 'unknown';
}

/** What asks the target in a task: an attack, or the way in which a model is made. */
function attackOf(task: Task | MalformedTask): string {
  const work = 'work' in task ? task.work : undefined;
  if (work?.$case === 'attack') return work.value.attack;
  return work?.$case === 'derive' ? work.value.kind : '';
}

function failure(value: Failure): Outcome {
  return { $case: 'failure', value };
}
