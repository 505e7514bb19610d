import { UnpairError } from '@unpair/errors';
import type { Campaign } from '@unpair/campaign';
import {
  ArtefactStore,
  ensureQueue,
  ensureTopology,
  publishResult,
  restoreTopology,
  storageFacts,
  type Clock,
  type Logger,
  type NatsConnection,
  type StreamPosition,
  type TopologyOptions,
} from '@unpair/platform';
import {
  resultsStream,
  type CampaignRecord,
  type Finding,
  type TaskInHand,
  type TaskResult,
} from '@unpair/protocol';
import type { Registry } from 'prom-client';
import type { CampaignLimits } from './api/create-campaign.js';
import { reportOf } from './api/report.js';
import { CampaignBook } from './campaigns/campaign-book.js';
import type { CampaignRun } from './campaigns/campaign-run.js';
import type { TaskOutcome } from './campaigns/outcome.js';
import { CampaignLife } from './campaigns/campaign-life.js';
import { Journal } from './campaigns/journal.js';
import { answersIn, CampaignLoader } from './campaigns/campaign-loader.js';
import { Erasure } from './campaigns/erasure.js';
import { Rebinding } from './campaigns/rebinding.js';
import { CampaignRecords } from './campaigns/records.js';
import { TrainingFeed } from './campaigns/training-feed.js';
import { diagnose } from './diagnosis.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import type { TenantWeights } from './dispatch/tenant-weights.js';
import { Reconciler } from './dispatch/reconciler.js';
import { TaskQueue } from './dispatch/task-queue.js';
import { Janitor } from './janitor.js';
import { Lanes } from './dispatch/lanes.js';
import { WorkerRegistry } from './workers/worker-registry.js';
import { WorkerTable } from './workers/worker-table.js';
import { CoordinatorMetrics } from './metrics/coordinator-metrics.js';
import { Figures } from './metrics/figures.js';
import { Vigil } from './metrics/vigil.js';
import { Collector, type ResultListener } from './results/collector.js';
import { ResultLog } from './results/result-log.js';
import { DrawThreads } from './results/draw-threads.js';
import { ResultStore } from './results/result-store.js';
import { checkRoom } from './results/room.js';
import { StreamGuard } from './results/stream-guard.js';

export interface CoordinatorOptions {
  readonly connection: NatsConnection;
  /** File of the result store; may be lost, since everything in it is rebuilt from the results stream. */
  readonly database: string;
  /** Tasks in flight that a queue may have at least, however few workers serve it. */
  readonly window: number;
  readonly tenantWeights?: TenantWeights;
  /** What a campaign may come to. */
  readonly limits: CampaignLimits;
  /** Days after its end at which a campaign is deleted; 0, unless said, keeps all. */
  readonly retentionDays?: number;
  /** Bytes of results above which the campaigns that ended longest ago are deleted; 0, unless said, keeps all. */
  readonly retentionBytes?: number;
  readonly topology?: TopologyOptions;
  /** URLs of the monitoring ports of the nats-servers; none unless said. */
  readonly monitoring?: readonly string[];
  /** Of this program. */
  readonly version: string;
  /** Whether this process may still act for the cluster; always unless said. */
  readonly isLeading?: () => boolean;
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
  readonly draws = new DrawThreads();
  readonly life: CampaignLife;
  readonly rebinding: Rebinding;
  readonly erasure: Erasure;
  readonly janitor: Janitor;
  readonly #loader: CampaignLoader;
  readonly #stop = new AbortController();
  readonly #options: CoordinatorOptions;
  /** The workers that there are. */
  readonly workers: WorkerTable;
  readonly #queue: TaskQueue;
  readonly #lanes: Lanes;
  readonly #dispatcher: Dispatcher;
  readonly #metrics: CoordinatorMetrics;
  readonly journal: Journal;
  /** Live figures for dashboards. */
  readonly figures: Figures;
  #training: TrainingFeed | undefined;
  #registry: WorkerRegistry | undefined;
  #working: Promise<unknown> = Promise.resolve();
  #replaying = true;

  private constructor(options: CoordinatorOptions, stores: Stores) {
    const { connection, window, tenantWeights, clock, logger, registry } = options;
    this.#options = options;
    this.records = stores.records;
    this.artefacts = stores.artefacts;
    this.store = stores.store;
    this.book = new CampaignBook({ clock, logger });
    this.#queue = new TaskQueue(connection);
    this.journal = new Journal(options);
    const running = (): Iterable<CampaignRun> => this.#running();
    const seconds = (): number => clock.seconds();
    this.workers = new WorkerTable(seconds);
    this.#lanes = new Lanes(seconds);
    this.#dispatcher = new Dispatcher({
      ...{ queue: this.#queue, lanes: this.#lanes, workers: this.workers },
      ...{ runs: running, window, tenantWeights, clock, logger },
      bind: (run, binding) => this.records.amend(run, (record) => ({ ...record, ...binding })),
    });
    this.#loader = new CampaignLoader({
      book: this.book,
      store: this.store,
      queued: (id) => this.#queue.queued(id),
      place: (...place) => {
        this.#place(...place);
      },
    });
    const { book, records, store } = this;
    const unqueue = async (id: string): Promise<void> => {
      await this.#queue.clear(id);
      this.#registry?.callRoll(id);
    };
    const wake = (): void => {
      this.#dispatcher.wake();
    };
    this.life = new CampaignLife({ book, loader: this.#loader, records, store, unqueue, wake, clock });
    const { workers } = this;
    this.rebinding = new Rebinding({ book, records, workers, unqueue, wake, clock });
    this.erasure = new Erasure({ connection, book, records, store, clock });
    this.janitor = this.#createJanitor();
    this.#metrics = new CoordinatorMetrics({
      ...{ registry, clock, workers: this.workers, runs: () => this.book.all() },
      vigil: new Vigil({ workers: this.workers, runs: () => this.book.running(), seconds }),
      depths: () => this.#queue.depths(),
      storage: () => storageFacts(connection),
    });
    this.figures = new Figures({
      ...{ registry, clock, logger, runs: () => this.book.all() },
      report: (run, signal) => {
        const { store, artefacts, draws } = this;
        return reportOf(run, { store, artefacts, draw: draws.draw, versions: {} }, signal);
      },
    });
  }

  #createJanitor(): Janitor {
    const { book, store, artefacts, erasure } = this;
    const { connection, clock, logger, retentionDays = 0, retentionBytes = 0 } = this.#options;
    const queues = {
      depths: () => this.#queue.depths(),
      isServed: (queue: string) => this.workers.slots().has(queue),
      drop: async (queue: string) => {
        await this.#queue.drop(queue);
        this.#registry?.forget(queue);
      },
    };
    return new Janitor({
      ...{ book, store, artefacts, erasure, queues, retentionDays, retentionBytes, clock, logger },
      resultBytes: async () => {
        const { streams } = await storageFacts(connection);
        return streams.find(({ name }) => name === resultsStream)?.bytes ?? 0;
      },
      isLeading: () => this.#isLeading,
    });
  }

  /** Sets up what is missing on NATS, replays what has happened so far, and starts to work. */
  static async start(options: CoordinatorOptions): Promise<Coordinator> {
    const { connection, database, clock, logger, topology = {} } = options;
    const { replicas = 1 } = topology;
    await ensureTopology(connection, topology);
    const records = await CampaignRecords.open(connection, { replicas, logger });
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
    const records = await this.records.all();
    await this.#loader.enterAll(records.filter(({ deleteTime }) => deleteTime === undefined));
    const collector = new Collector({ log, store: this.store, listener: this.#listener(), clock, logger });
    const collecting = await new Promise<{ readonly done: Promise<void> }>((resolve, reject) => {
      const caughtUp = (): void => {
        resolve({ done });
      };
      const done = Promise.resolve().then(() => collector.run(last, caughtUp, this.#stop.signal));
      done.catch(reject);
    });
    this.#replaying = false;
    await this.store.describeCells(this.book.all());
    for (const record of records) if (record.deleteTime !== undefined) await this.erasure.finish(record);
    await this.#findQueued();
    this.#work(collecting.done, this.#guard(log, id));
  }

  #guard(log: ResultLog, streamId: string): StreamGuard {
    const { connection, topology, clock, logger } = this.#options;
    const position = (): StreamPosition | undefined => this.store.position;
    const repair = async (): Promise<void> => {
      await restoreTopology(connection, this.workers.slots().keys(), topology);
      await ArtefactStore.open(connection, topology);
      if (this.#options.isLeading?.() !== false) await this.records.restore();
    };
    return new StreamGuard({ connection, log, streamId, position, repair, clock, logger });
  }

  get #isLeading(): boolean {
    return this.#options.isLeading?.() !== false;
  }

  /** Campaigns to work on: none while another coordinator may have taken over. */
  #running(): Iterable<CampaignRun> {
    return this.#isLeading ? this.book.running() : [];
  }

  /** Notes what is queued already; tasks of campaigns that do not run have no business there. */
  async #findQueued(): Promise<void> {
    for (const [id, queued] of await this.#queue.allQueued()) {
      const run = this.book.find(id);
      if (run?.isPaused === true || run?.ended === true) await this.#queue.clear(id);
      else if (run !== undefined) for (const [index, queue] of queued) this.#place(run, index, queue);
    }
  }

  #work(collecting: Promise<void>, guard: StreamGuard): void {
    const { connection, clock, logger, reconcileInterval: interval = 15_000 } = this.#options;
    const { signal } = this.#stop;
    const find = (id: string): CampaignRun | undefined => this.book.find(id);
    const onSkipped = (): void => {
      this.#metrics.skipped('training');
    };
    this.#training = new TrainingFeed({ connection, find, onSkipped, clock, logger });
    this.#registry = new WorkerRegistry({
      connection,
      table: this.workers,
      ensureQueue: (queue) => ensureQueue(connection, queue, this.#options.topology),
      isAbandoned: (task) => this.#isAbandoned(task),
      onChange: () => {
        this.#dispatcher.wake();
      },
      logger,
    });
    const reconciler = new Reconciler({
      queue: this.#queue,
      isServed: (queue) => this.workers.slots().has(queue),
      wake: () => {
        this.#dispatcher.wake();
      },
      lanes: this.#lanes,
      runs: () => this.#running(),
      isAbandoned: (task) => this.#isAbandoned(task),
      publishResult: (result) => publishResult(connection, result, signal),
      interval,
      clock,
      logger,
    });
    this.#working = Promise.all([
      ...[collecting, guard.run(signal)],
      ...[this.#dispatcher.run(signal), reconciler.run(signal), this.janitor.run(signal)],
      this.figures.run(signal),
    ]);
  }

  /** Whether nobody wants a task's result: it has reached its end, or its campaign is none. */
  #isAbandoned({ campaignId, index }: Pick<TaskInHand, 'campaignId' | 'index'>): boolean {
    if (!this.#isLeading) return false;
    return this.book.find(campaignId)?.isOpen(index) !== true;
  }

  /** Notes that a task is in a queue. */
  #place(run: CampaignRun, index: number, queue: string): void {
    run.markInFlight(index);
    if (index < run.plan.size && run.isInFlight(index)) this.#lanes.add(queue, run, index);
  }

  #listener(): ResultListener {
    return {
      plan: (id) => this.#loader.plan(id) ?? this.book.find(id)?.plan,
      onResult: (result, outcome) => {
        this.#onResult(result, outcome);
      },
      onWasted: (attempt) => {
        this.book.find(attempt.campaignId)?.waste(attempt.queries);
        if (this.#replaying) return;
        this.#metrics.wasted(attempt);
        this.journal.wasted(attempt);
      },
      onSkipped: (reason) => {
        if (!this.#replaying) this.#metrics.skipped(reason);
      },
    };
  }

  /** Takes in one result of the stream. */
  #onResult(result: TaskResult, outcome: TaskOutcome): void {
    if (this.#loader.hold(result, outcome)) return;
    const run = this.book.get(result.campaignId);
    const counts = run.accept(outcome, answersIn(result));
    if (counts && !this.#replaying) {
      this.#metrics.result(result, outcome, attackOf(run, result));
      this.journal.result(run, result, outcome);
    }
    this.#dispatcher.wake();
  }

  get limits(): CampaignLimits {
    return this.#options.limits;
  }

  /** @throws UnpairError RESOURCE_EXHAUSTED where the results of a campaign more would find no room */
  checkRoom(): Promise<void> {
    return checkRoom(this.#options.connection);
  }

  /** What an operator would look at. */
  diagnose(): Promise<readonly Finding[]> {
    const { connection, clock, version, monitoring = [], database } = this.#options;
    const { topology: { replicas = 1 } = {} } = this.#options;
    const { book, workers } = this;
    const about = { connection, version, monitoring, database, replicas, clock };
    return diagnose({ ...about, book, workers, queue: this.#queue });
  }

  /** Settles when the work ends: rejects when it cannot go on, so that the process can end and be started again. */
  async finished(): Promise<void> {
    await this.#working;
  }

  /**
   * Starts a stored campaign; `file` is its request's, where that has been read already.
   * @throws UnpairError UNAVAILABLE where another coordinator may have taken over, and not have seen the record
   */
  async launch(record: CampaignRecord, file?: Campaign): Promise<CampaignRun> {
    if (!this.#isLeading) {
      const message = 'This coordinator no longer leads; call again.';
      throw new UnpairError('UNAVAILABLE', message, { reason: 'NOT_LEADING' });
    }
    const run = await this.#loader.enter(record, file);
    this.#dispatcher.wake();
    return run;
  }

  /** Stops work in order; what is queued stays queued, what was taken in is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#training?.[Symbol.dispose]();
    this.#registry?.[Symbol.dispose]();
    await this.#working.catch(() => undefined);
    await this.store[Symbol.asyncDispose]();
  }
}

/** What asks the target in a task: an attack, or the way in which a model is made. */
function attackOf(run: CampaignRun, { index }: TaskResult): string {
  const task = run.plan.task(index);
  if (task.kind === 'derive') return task.recipe;
  return task.kind === 'attack' || task.kind === 'prepare' ? task.cell.attack : '';
}
