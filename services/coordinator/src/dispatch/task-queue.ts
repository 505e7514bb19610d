import { encodeTask, parseSubject, taskMessageId, tasksOf, tasksStream, taskSubject } from '@unpair/protocol';
import type { Task } from '@unpair/protocol';
import { fromNats, publish } from '@unpair/platform';
import { workersConsumer } from '@unpair/protocol';
import type { NatsConnection } from 'nats';

/** How full the queue is, from the workers' consumer: the stream's own count includes orphans of a broker's crash. */
export interface QueueDepth {
  /** Tasks that no worker has taken yet. */
  readonly waiting: number;
  /** Tasks that workers hold. */
  readonly held: number;
  /** Of those, tasks that came more than once. */
  readonly redelivered: number;
}

/** The coordinator's end of the work queue. */
export class TaskQueue {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /**
   * Publishes a task. One that is still queued is not queued twice.
   * @throws UnpairError UNAVAILABLE or RESOURCE_EXHAUSTED after 5 s of trying
   */
  async publish(task: Task, signal: AbortSignal): Promise<void> {
    const options = { messageId: taskMessageId(task), onlyFirst: true, patience: 5_000, signal };
    await publish(this.#connection.jetstream(), taskSubject(task), encodeTask(task), options);
  }

  /** Positions of a campaign's tasks that are in the queue, taken by a worker or not. */
  async queued(campaignId: string): Promise<ReadonlySet<number>> {
    try {
      const manager = await this.#connection.jetstreamManager();
      const info = await manager.streams.info(tasksStream, { subjects_filter: tasksOf(campaignId) });
      const indices = Object.keys(info.state.subjects ?? {}).map((subject) => parseSubject(subject)?.index);
      return new Set(indices.filter((index) => index !== undefined));
    } catch (error) {
      throw fromNats('list the queued tasks', error);
    }
  }

  /** Takes all tasks of a campaign out of the queue; returns how many. */
  async purge(campaignId: string): Promise<number> {
    return this.#purge(tasksOf(campaignId));
  }

  /** Takes one task out of the queue. */
  async remove(campaignId: string, index: number): Promise<void> {
    await this.#purge(taskSubject({ campaignId, index }));
  }

  async #purge(filter: string): Promise<number> {
    try {
      const manager = await this.#connection.jetstreamManager();
      const { purged } = await manager.streams.purge(tasksStream, { filter });
      return purged;
    } catch (error) {
      throw fromNats('empty the queue', error);
    }
  }

  async depth(): Promise<QueueDepth> {
    try {
      const manager = await this.#connection.jetstreamManager();
      const info = await manager.consumers.info(tasksStream, workersConsumer);
      return { waiting: info.num_pending, held: info.num_ack_pending, redelivered: info.num_redelivered };
    } catch (error) {
      throw fromNats('read the depth of the queue', error);
    }
  }
}
