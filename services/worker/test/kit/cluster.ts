import { ArtefactStore, connectNats, createLogger, ensureTopology, publish } from '@unpair/platform';
import {
  allResults,
  decodeResult,
  encodeTask,
  resultsStream,
  taskMessageId,
  tasksStream,
  taskSubject,
  workersConsumer,
  type Task,
  type TaskResult,
} from '@unpair/protocol';
import type { ConsumerInfo, NatsConnection } from 'nats';
import { eventually, TestNatsServer } from '../../../../test/kit/index.js';
import type { Artefact } from './tiny-model.js';

export const silent = createLogger({ service: 'test', level: 'silent' });

/** What a worker meets in production, for one test: a broker, the streams, artefacts and tasks; no coordinator. */
export class TestCluster implements AsyncDisposable {
  readonly server: TestNatsServer;
  readonly connection: NatsConnection;
  readonly #store: ArtefactStore;

  private constructor(server: TestNatsServer, connection: NatsConnection, store: ArtefactStore) {
    this.server = server;
    this.connection = connection;
    this.#store = store;
  }

  /** @param ackWait milliseconds that a worker may stay silent: short, so that tests are. */
  static async start(ackWait = 2_000): Promise<TestCluster> {
    const server = await TestNatsServer.start();
    const connection = await connectNats({ url: server.url, name: 'test', logger: silent });
    await ensureTopology(connection, { ackWait });
    return new TestCluster(server, connection, await ArtefactStore.open(connection));
  }

  async store(...artefacts: readonly Artefact[]): Promise<void> {
    for (const { digest, bytes } of artefacts) await this.#store.put(digest, pieces(bytes));
  }

  async submit(...tasks: readonly Task[]): Promise<void> {
    for (const task of tasks) {
      const options = { messageId: taskMessageId(task) };
      await publish(this.connection.jetstream(), taskSubject(task), encodeTask(task), options);
    }
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
  async result(task: Task, seconds = 30): Promise<TaskResult> {
    return eventually(async () => {
      const result = (await this.results()).get(`results.${task.campaignId}.${task.index}`);
      if (result === undefined) throw new Error(`no result of ${task.campaignId}/${task.index}`);
      return result;
    }, seconds);
  }

  async consumer(): Promise<ConsumerInfo> {
    const manager = await this.connection.jetstreamManager();
    return manager.consumers.info(tasksStream, workersConsumer);
  }

  /** Resolves when no task is queued or in hand. */
  async settled(seconds = 10): Promise<void> {
    await eventually(async () => {
      const { num_pending: pending, num_ack_pending: inHand } = await this.consumer();
      if (pending + inHand > 0) throw new Error(`${pending} tasks wait, ${inHand} are in hand`);
    }, seconds);
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
