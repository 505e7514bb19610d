import { tasksStream } from '@unpair/protocol';
import type { NatsConnection } from 'nats';
import { deleteAll, inBatches } from './erase.js';
import { fromNats, isNotFound } from './errors.js';
import { publish, type Publication, type PublishOptions } from './publish.js';

/** How full a queue is, from its consumer: the stream's own count includes orphans of a broker's crash. */
export interface QueueDepth {
  /** Tasks that no worker has taken yet. */
  readonly waiting: number;
  /** Tasks that workers hold. */
  readonly held: number;
  /** Of those, tasks that came more than once. */
  readonly redelivered: number;
}

/** The stream that tasks wait in until a worker has settled them, as who fills it sees it. */
export class WorkQueue {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** @throws UnpairError as {@link publish} does */
  publish(subject: string, data: Uint8Array, options: PublishOptions): Promise<Publication> {
    return publish(this.#connection.jetstream(), subject, data, options);
  }

  /** Subjects that have a task in the queue, taken by a worker or not: none where somebody deleted the stream, which is made again. */
  async subjects(filter: string): Promise<readonly string[]> {
    try {
      const manager = await this.#connection.jetstreamManager();
      const info = await manager.streams.info(tasksStream, { subjects_filter: filter });
      return Object.keys(info.state.subjects ?? {});
    } catch (error) {
      if (isNotFound(error)) return [];
      throw fromNats('list the queued tasks', error);
    }
  }

  /** Takes the tasks on these subjects out of the queue. */
  async remove(subjects: readonly string[]): Promise<void> {
    try {
      const manager = await this.#connection.jetstreamManager();
      await inBatches(subjects, (subject) => deleteAll(manager, tasksStream, subject));
    } catch (error) {
      throw fromNats('take tasks out of the queue', error);
    }
  }

  /** Deletes the consumer of a queue; no task that waits. */
  async drop(queue: string): Promise<void> {
    try {
      const manager = await this.#connection.jetstreamManager();
      await manager.consumers.delete(tasksStream, queue);
    } catch (error) {
      if (!isNotFound(error)) throw fromNats('delete a queue', error);
    }
  }

  /** How full each queue is, by its name. */
  async depths(): Promise<ReadonlyMap<string, QueueDepth>> {
    try {
      const manager = await this.#connection.jetstreamManager();
      const depths = new Map<string, QueueDepth>();
      for await (const info of manager.consumers.list(tasksStream)) {
        const { num_pending: waiting, num_ack_pending: held, num_redelivered: redelivered } = info;
        depths.set(info.name, { waiting, held, redelivered });
      }
      return depths;
    } catch (error) {
      if (isNotFound(error)) return new Map();
      throw fromNats('read the depths of the queues', error);
    }
  }
}
