import { tasksStream, workersConsumer } from '@unpair/protocol';
import type { JetStreamManager, NatsConnection } from 'nats';
import { fromNats, isGone, isNotFound } from './errors.js';
import { publish, type Publication, type PublishOptions } from './publish.js';

/** How full the queue is, from the workers' consumer: the stream's own count includes orphans of a broker's crash. */
export interface QueueDepth {
  /** Tasks that no worker has taken yet. */
  readonly waiting: number;
  /** Tasks that workers hold. */
  readonly held: number;
  /** Of those, tasks that came more than once. */
  readonly redelivered: number;
}

/** Messages that are deleted at a time. */
const deletionsInFlight = 64;

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

  /** Subjects that have a task in the queue, taken by a worker or not. */
  async subjects(filter: string): Promise<readonly string[]> {
    try {
      const manager = await this.#connection.jetstreamManager();
      const info = await manager.streams.info(tasksStream, { subjects_filter: filter });
      return Object.keys(info.state.subjects ?? {});
    } catch (error) {
      throw fromNats('list the queued tasks', error);
    }
  }

  /**
   * Takes the tasks on these subjects out of the queue. Each is deleted by its sequence: a purge by filter makes a shared
   * consumer of nats-server 2.9 and 2.10 skip what others have queued (nats-server #3838, #5075).
   */
  async remove(subjects: readonly string[]): Promise<void> {
    try {
      const manager = await this.#connection.jetstreamManager();
      for (let first = 0; first < subjects.length; first += deletionsInFlight) {
        const some = subjects.slice(first, first + deletionsInFlight);
        await Promise.all(some.map((subject) => deleteLast(manager, subject)));
      }
    } catch (error) {
      throw fromNats('take tasks out of the queue', error);
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

/** A subject holds one task at most. One that a worker settles meanwhile is gone as it should be. */
async function deleteLast(manager: JetStreamManager, subject: string): Promise<void> {
  try {
    const { seq } = await manager.streams.getMessage(tasksStream, { last_by_subj: subject });
    await manager.streams.deleteMessage(tasksStream, seq, false);
  } catch (error) {
    if (!isNotFound(error) && !isGone(error)) throw error;
  }
}
