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
  async publish(task: Task, signal: AbortSignal): Promise<void> {
    const problem = sizeProblem(this.#connection, 'task', encodeTask(task));
    if (problem !== undefined) return this.#fail(task, problem, signal);
    const options = { messageId: taskMessageId(task), onlyFirst: true, patience: 5_000, signal };
    await this.#queue.publish(taskSubject(task), encodeTask(task), options);
  }

  /** Ends a task as a worker would that found it to be impossible. */
  async #fail(task: Task, { code, message }: UnpairError, signal: AbortSignal): Promise<void> {
    const { campaignId, index, round, generation } = task;
    const about = { campaignId, index, round, generation, worker: '', runtime: '', seconds: 0 };
    const failure = { code, message, training: undefined };
    await publishResult(
      this.#connection,
      { ...about, outcome: { $case: 'failure', value: failure } },
      signal,
    );
  }

  /** Whether a task has a result already, read or not. @throws UnpairError UNAVAILABLE where the broker does not answer */
  hasResult(task: Task): Promise<boolean> {
    return hasResult(this.#connection, task);
  }

  /** Positions of a campaign's tasks that are in the queue, taken by a worker or not. */
  async queued(campaignId: string): Promise<ReadonlySet<number>> {
    const subjects = await this.#queue.subjects(tasksOf(campaignId));
    const indices = subjects.map((subject) => parseSubject(subject)?.index);
    return new Set(indices.filter((index) => index !== undefined));
  }

  /** Takes all tasks of a campaign out of the queue: no more than its window. */
  async clear(campaignId: string): Promise<void> {
    await this.#queue.remove(await this.#queue.subjects(tasksOf(campaignId)));
  }

  /** Positions of all tasks that are in the queue, by campaign. */
  async allQueued(): Promise<ReadonlyMap<string, readonly number[]>> {
    const queued = new Map<string, number[]>();
    for (const subject of await this.#queue.subjects(allTasks)) {
      const task = parseSubject(subject);
      if (task === undefined) continue;
      const indices = queued.get(task.campaignId);
      if (indices === undefined) queued.set(task.campaignId, [task.index]);
      else indices.push(task.index);
    }
    return queued;
  }

  /** Takes one task out of the queue. */
  async remove(campaignId: string, index: number): Promise<void> {
    await this.#queue.remove([taskSubject({ campaignId, index })]);
  }

  depth(): Promise<QueueDepth> {
    return this.#queue.depth();
  }
}
