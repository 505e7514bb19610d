import type { Campaign } from '@unpair/campaign';
import {
  ArtefactStore,
  ensureTopology,
  publishResult,
  restoreTopology,
  type Clock,
  type Logger,
  type NatsConnection,
  type StreamPosition,
  type TopologyOptions,
} from '@unpair/platform';
import type { CampaignRecord, TaskResult } from '@unpair/protocol';
import type { Registry } from 'prom-client';
import { CampaignBook } from './campaigns/campaign-book.js';
import type { CampaignRun } from './campaigns/campaign-run.js';
import type { TaskOutcome } from './campaigns/outcome.js';
import { CampaignRecords } from './campaigns/records.js';
import { TrainingFeed } from './campaigns/training-feed.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { Reconciler } from './dispatch/reconciler.js';
import { TaskQueue } from './dispatch/task-queue.js';
import { CoordinatorMetrics } from './metrics.js';
import { Collector, type ResultListener } from './results/collector.js';
import { ResultLog } from './results/result-log.js';
import { ResultStore } from './results/result-store.js';
import { StreamGuard } from './results/stream-guard.js';

export interface CoordinatorOptions {
  readonly connection: NatsConnection;
  /** File of the result store; may be lost, since everything in it is rebuilt from the results stream. */
  readonly database: string;
  /** Tasks of one campaign in flight at most: several times the number of workers. */
  readonly window: number;
  readonly topology?: TopologyOptions;
  /** Milliseconds between two comparisons of the queue with the campaigns. */
  readonly reconcileInterval?: number;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Stores {
  readonly records: CampaignRecords;
  readonly artefacts: ArtefactStore;
  readonly store: ResultStore;
}

/**
 * Everything the coordinator does apart from gRPC: keeps the campaigns, feeds the queue, takes in results. A process that
 * starts anew arrives where the last one was, from the records, the results stream and the queue.
 */
export class Coordinator implements AsyncDisposable {
  readonly book: CampaignBook;
  readonly records: CampaignRecords;
  readonly artefacts: ArtefactStore;
  readonly store: ResultStore;
  readonly #stop = new AbortController();
  readonly #options: CoordinatorOptions;
  readonly #queue: TaskQueue;
  readonly #dispatcher: Dispatcher;
  readonly #metrics: CoordinatorMetrics;
  #training: TrainingFeed | undefined;
  #working: Promise<unknown> = Promise.resolve();
  #replaying = true;

  private constructor(options: CoordinatorOptions, stores: Stores) {
    const { connection, window, clock, logger, registry } = options;
    this.#options = options;
    this.records = stores.records;
    this.artefacts = stores.artefacts;
    this.store = stores.store;
    this.book = new CampaignBook({ clock, logger });
    this.#queue = new TaskQueue(connection);
    const running = (): Iterable<CampaignRun> => this.book.running();
    this.#dispatcher = new Dispatcher({ queue: this.#queue, runs: running, window, clock, logger });
    const depth = (): ReturnType<TaskQueue['depth']> => this.#queue.depth();
    this.#metrics = new CoordinatorMetrics({ registry, runs: () => this.book.all(), depth });
  }

  /** Sets up what is missing on NATS, replays what has happened so far, and starts to work. */
  static async start(options: CoordinatorOptions): Promise<Coordinator> {
    const { connection, database, clock, logger, topology = {} } = options;
    const { replicas = 1 } = topology;
    await ensureTopology(connection, topology);
    const records = await CampaignRecords.open(connection, { replicas });
    const artefacts = await ArtefactStore.open(connection, { replicas });
    const log = new ResultLog({ connection, clock, logger });
    const { id, last } = await log.state();
    const isHeld = async (position: StreamPosition): Promise<boolean> => {
      const held = await log.holds(position);
      if (!held)
        logger.warn(position, 'the results stream was set back: the result store is rebuilt from it');
      return held;
    };
    const store = await ResultStore.open({ path: database, streamId: id, isHeld });
    const coordinator = new Coordinator(options, { records, artefacts, store });
    await coordinator.#resume(log, { id, last });
    return coordinator;
  }

  async #resume(log: ResultLog, { id, last }: { readonly id: string; readonly last: number }): Promise<void> {
    const { clock, logger } = this.#options;
    this.book.enterAll(await this.records.all());
    for (const { campaignId, model, ...answer } of await this.store.answers()) {
      this.book.find(campaignId)?.answered(model, [answer]);
    }
    for (const task of await this.store.tasks()) this.book.find(task.campaignId)?.accept(task);
    for (const [campaign, queries] of await this.store.wasted()) this.book.find(campaign)?.waste(queries);
    const collector = new Collector({ log, store: this.store, listener: this.#listener(), clock, logger });
    const collecting = await new Promise<{ readonly done: Promise<void> }>((resolve, reject) => {
      const caughtUp = (): void => {
        resolve({ done });
      };
      const done = Promise.resolve().then(() => collector.run(last, caughtUp, this.#stop.signal));
      done.catch(reject);
    });
    this.#replaying = false;
    for (const run of this.book.all()) await this.store.describeCells(run.id, run.plan.cells);
    for (const run of this.book.running()) {
      for (const index of await this.#queue.queued(run.id)) run.markInFlight(index);
    }
    this.#work(collecting.done, this.#guard(log, id));
  }

  #guard(log: ResultLog, streamId: string): StreamGuard {
    const { connection, topology, clock, logger } = this.#options;
    const position = (): StreamPosition | undefined => this.store.position;
    const repair = (): Promise<void> => restoreTopology(connection, topology);
    return new StreamGuard({ connection, log, streamId, position, repair, clock, logger });
  }

  #work(collecting: Promise<void>, guard: StreamGuard): void {
    const { connection, clock, logger, reconcileInterval: interval = 15_000 } = this.#options;
    const { signal } = this.#stop;
    const find = (id: string): CampaignRun | undefined => this.book.find(id);
    const onSkipped = (): void => {
      this.#metrics.skipped('training');
    };
    this.#training = new TrainingFeed({ connection, find, onSkipped, clock, logger });
    const reconciler = new Reconciler({
      queue: this.#queue,
      runs: () => this.book.running(),
      publishResult: (result) => publishResult(connection, result, signal),
      interval,
      clock,
      logger,
    });
    this.#working = Promise.all([
      ...[collecting, guard.run(signal)],
      ...[this.#dispatcher.run(signal), reconciler.run(signal)],
    ]);
  }

  #listener(): ResultListener {
    return {
      plan: (id) => this.book.find(id)?.plan,
      onResult: (result, outcome) => {
        this.#onResult(result, outcome);
      },
      onWasted: (attempt) => {
        this.book.find(attempt.campaignId)?.waste(attempt.queries);
        if (!this.#replaying) this.#metrics.wasted(attempt);
      },
      onSkipped: (reason) => {
        if (!this.#replaying) this.#metrics.skipped(reason);
      },
    };
  }

  /** Takes in one result of the stream. */
  #onResult(result: TaskResult, outcome: TaskOutcome): void {
    const run = this.book.get(result.campaignId);
    if (result.outcome?.$case === 'accuracy')
      run.answered(result.outcome.value.model, result.outcome.value.rows);
    run.accept(outcome);
    if (!this.#replaying) this.#metrics.result(result, outcome, attackOf(run, result));
    this.#dispatcher.wake();
  }

  /** Settles when the work ends: rejects when it cannot go on, so that the process can end and be started again. */
  async finished(): Promise<void> {
    await this.#working;
  }

  /** Starts a stored campaign; `file` is its request's, where that has been read already. */
  async launch(record: CampaignRecord, file?: Campaign): Promise<CampaignRun> {
    const run = this.book.enter(record, file);
    await this.store.describeCells(run.id, run.plan.cells);
    this.#dispatcher.wake();
    return run;
  }

  /** Cancels a campaign; one that has ended stays as it is. */
  async cancel(id: string): Promise<CampaignRun> {
    const run = this.book.get(id);
    if (run.ended) return run;
    const record = { ...run.record, cancelTime: this.#options.clock.now() };
    await this.records.put(record);
    run.cancel(record);
    await this.#queue.clear(id);
    return run;
  }

  /** Stops work in order; what is queued stays queued, what was taken in is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#training?.[Symbol.dispose]();
    await this.#working.catch(() => undefined);
    await this.store[Symbol.asyncDispose]();
  }
}

/** What asks the target in a task: an attack, or the way in which a model is made. */
function attackOf(run: CampaignRun, { index }: TaskResult): string {
  const task = run.plan.task(index);
  if (task.kind === 'derive') return task.recipe;
  return task.kind === 'attack' ? task.cell.attack : '';
}
