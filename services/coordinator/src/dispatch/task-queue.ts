import type { UnpairError } from '@unpair/errors';
import {
  hasResult,
  publishResult,
  sizeProblem,
  WorkQueue,
  type NatsConnection,
  type QueueDepth,
} from '@unpair/platform';
import {
  allTasks,
  encodeTask,
  parseSubject,
  permanentFailure,
  queueOf,
  resultOf,
  taskMessageId,
  tasksOf,
  taskSubject,
  type Task,
} from '@unpair/protocol';

/** The coordinator's end of the work queue. */
export class TaskQueue {
  readonly #connection: NatsConnection;
  readonly #queue: WorkQueue;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#queue = new WorkQueue(connection);
  }

  /**
   * Publishes a task. One that is still queued is not queued twice; one that is larger than a message may be has failed.
   * @throws UnpairError UNAVAILABLE or RESOURCE_EXHAUSTED after 5 s of trying
   */
  async publish(queue: string, task: Task, signal: AbortSignal): Promise<void> {
    const data = encodeTask(task);
    const problem = sizeProblem(this.#connection, 'task', data);
    if (problem !== undefined) return this.#fail(task, problem, signal);
    const options = { messageId: taskMessageId(task), onlyFirst: true, patience: 5_000, signal };
    await this.#queue.publish(taskSubject(queue, task), data, options);
  }

  /** Ends a task as a worker would that found it to be impossible. */
  async #fail(task: Task, { code, message }: UnpairError, signal: AbortSignal): Promise<void> {
    await publishResult(this.#connection, resultOf(task, permanentFailure(code, message)), signal);
  }

  /** Whether a task has a result already, read or not. @throws UnpairError UNAVAILABLE where the broker does not answer */
  hasResult(task: Task): Promise<boolean> {
    return hasResult(this.#connection, task);
  }

  /** Positions of a campaign's tasks that are queued, taken by a worker or not, and in which queue. */
  async queued(campaignId: string): Promise<ReadonlyMap<number, string>> {
    const queued = new Map<number, string>();
    for (const subject of await this.#queue.subjects(tasksOf(campaignId))) {
      const address = parseSubject(subject);
      if (address !== undefined) queued.set(address.index, queueOf(subject));
    }
    return queued;
  }

  /** Takes all tasks of a campaign out of the queue: no more than its window. */
  async clear(campaignId: string): Promise<void> {
    await this.#queue.remove(await this.#queue.subjects(tasksOf(campaignId)));
  }

  /** Positions and queues of all tasks that are queued, by campaign. */
  async allQueued(): Promise<ReadonlyMap<string, ReadonlyMap<number, string>>> {
    const queued = new Map<string, Map<number, string>>();
    for (const subject of await this.#queue.subjects(allTasks)) {
      const task = parseSubject(subject);
      if (task === undefined) continue;
      const indices = queued.get(task.campaignId) ?? new Map<number, string>();
      queued.set(task.campaignId, indices.set(task.index, queueOf(subject)));
    }
    return queued;
  }

  /** Takes one task out of whichever queue it is in. */
  async remove(campaignId: string, index: number): Promise<void> {
    await this.#queue.remove(await this.#queue.subjects(tasksOf(campaignId, index)));
  }

  /** Does away with a queue, and with nothing that waits in it. */
  drop(queue: string): Promise<void> {
    return this.#queue.drop(queue);
  }

  /** How full all queues are together. */
  async depth(): Promise<QueueDepth> {
    const depths = [...(await this.depths()).values()];
    const sum = (part: keyof QueueDepth): number => depths.reduce((total, depth) => total + depth[part], 0);
    return { waiting: sum('waiting'), held: sum('held'), redelivered: sum('redelivered') };
  }

  /** How full each queue is, by its name. */
  depths(): Promise<ReadonlyMap<string, QueueDepth>> {
    return this.#queue.depths();
  }
}
