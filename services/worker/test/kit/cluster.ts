import {
  ArtefactStore,
  connectNats,
  createLogger,
  ensureQueue,
  ensureTopology,
  listen,
  publish,
  WorkQueue,
  type Heard,
  type QueueDepth,
  type TopologyOptions,
} from '@unpair/platform';
import {
  allResults,
  allWorkers,
  decodeReport,
  decodeResult,
  encodeOrders,
  encodeTask,
  queueName,
  resultsStream,
  taskMessageId,
  taskSubject,
  workKindOf,
  workKinds,
  type Task,
  type TaskInHand,
  type TaskResult,
  type WorkerReport,
} from '@unpair/protocol';
import type { NatsConnection } from 'nats';
import { eventually, TestNatsServer } from '../../../../test/kit/index.js';
import type { Artefact } from './tiny-model.js';

export const silent = createLogger({ service: 'test', level: 'silent' });

/** What a worker meets in production, for one test: a broker, the streams, artefacts and tasks; no coordinator. */
export class TestCluster implements AsyncDisposable {
  readonly server: TestNatsServer;
  readonly connection: NatsConnection;
  readonly #store: ArtefactStore;

  /** What workers are to be told to abandon. */
  readonly abandoned: TaskInHand[] = [];
  readonly #reports = new Map<string, WorkerReport>();

  private constructor(
    server: TestNatsServer,
    connection: NatsConnection,
    store: ArtefactStore,
    ackWait: number,
  ) {
    this.server = server;
    this.connection = connection;
    this.#store = store;
    const onMessage = (heard: Heard): void => {
      this.#answer(heard, ackWait);
    };
    listen(connection, { subject: allWorkers, logger: silent, onMessage });
  }

  /** @param ackWait milliseconds that a worker may stay silent: short, so that tests are. */
  static async start(ackWait = 2_000, topology: TopologyOptions = {}): Promise<TestCluster> {
    const server = await TestNatsServer.start();
    const connection = await connectNats({ url: server.url, name: 'test', logger: silent });
    await ensureTopology(connection, { ...topology, ackWait });
    return new TestCluster(server, connection, await ArtefactStore.open(connection), ackWait);
  }

  /** Answers workers as a coordinator would: makes their queues, and tells them what to abandon. */
  #answer({ data, respond }: Heard, ackWait: number): void {
    const report = decodeReport(data);
    if (report.leaving && report.tasks.length === 0) this.#reports.delete(report.worker);
    else this.#reports.set(report.worker, report);
    respond(encodeOrders({ abandon: [...this.abandoned] }));
    for (const kind of workKinds) {
      const queue = queueName({ ...report, kind });
      if (report.kinds.includes(kind))
        void ensureQueue(this.connection, queue, { ackWait }).catch(() => undefined);
    }
  }

  /** What a worker told of itself last. */
  report(worker: string): WorkerReport | undefined {
    return this.#reports.get(worker);
  }

  /** The queue for a task: of any worker that takes its kind, as soon as there is one. */
  async queue({ work }: Task): Promise<string> {
    const kind = workKindOf(work?.$case ?? 'accuracy');
    return eventually(() => {
      const worker = [...this.#reports.values()].find(({ kinds }) => kinds.includes(kind));
      if (worker === undefined) throw new Error(`no worker is there to ${kind}`);
      return queueName({ ...worker, kind });
    });
  }

  async store(...artefacts: readonly Artefact[]): Promise<void> {
    for (const { digest, bytes } of artefacts) await this.#store.put(digest, pieces(bytes));
  }

  async submit(...tasks: readonly Task[]): Promise<void> {
    for (const task of tasks) {
      await this.put(taskSubject(await this.queue(task), task), encodeTask(task), taskMessageId(task));
    }
  }

  /** Puts bytes into the queue, whatever they are. */
  async put(subject: string, data: Uint8Array, messageId = subject): Promise<void> {
    await publish(this.connection.jetstream(), subject, data, { messageId });
  }

  /** Every result written so far, by subject. */
  async results(): Promise<ReadonlyMap<string, TaskResult>> {
    const manager = await this.connection.jetstreamManager();
    const { state } = await manager.streams.info(resultsStream, { subjects_filter: allResults });
    const subjects = Object.keys(state.subjects ?? {});
    const entries = subjects.map(async (subject) => {
      const message = await manager.streams.getMessage(resultsStream, { last_by_subj: subject });
      return [subject, decodeResult(message.data)] as const;
    });
    return new Map(await Promise.all(entries));
  }

  /** The result of a task, as soon as there is one. */
  async result(task: Task): Promise<TaskResult> {
    return eventually(async () => {
      const result = (await this.results()).get(`results.${task.campaignId}.${task.index}`);
      if (result === undefined) throw new Error(`no result of ${task.campaignId}/${task.index}`);
      return result;
    });
  }

  /** Tasks that wait, that workers hold, and that came more than once, of all queues. */
  async depth(): Promise<QueueDepth> {
    const depths = [...(await new WorkQueue(this.connection).depths()).values()];
    const sum = (part: keyof QueueDepth): number => depths.reduce((total, depth) => total + depth[part], 0);
    return { waiting: sum('waiting'), held: sum('held'), redelivered: sum('redelivered') };
  }

  /** Resolves when no task is queued or in hand. */
  async settled(): Promise<void> {
    await eventually(async () => {
      const { waiting, held } = await this.depth();
      if (waiting + held > 0) throw new Error(`${waiting} tasks wait, ${held} are in hand`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
    await this.server[Symbol.asyncDispose]();
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the store reads streams
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
