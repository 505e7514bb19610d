import { taskMessageId, type Task } from '@unpair/protocol';
import type { Clock, Logger } from '@unpair/platform';
import { ChangeSignal } from '../campaigns/change-signal.js';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import type { TaskQueue } from './task-queue.js';

export interface DispatcherOptions {
  readonly queue: Pick<TaskQueue, 'publish' | 'clear' | 'hasResult'>;
  /** Campaigns to serve, in any order. */
  readonly runs: () => Iterable<CampaignRun>;
  /** Tasks of one campaign in flight at most. */
  readonly window: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Publications on their way at a time. */
const batchSize = 32;

/**
 * Keeps a bounded window of each campaign's tasks in flight. The windows are of one size and the queue is first come,
 * first served, so campaigns share the workers fairly however large each is.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #work = new ChangeSignal();
  /** Tasks that may be in the queue although their publication failed. */
  readonly #unsure = new Set<string>();
  #again = true;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Something has changed: there may be tasks to publish. */
  wake(): void {
    this.#again = true;
    this.#work.notify();
  }

  /** Dispatches until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#again = false;
      const batch = this.#nextBatch();
      if (batch.length > 0) await this.#publish(batch, signal);
      else if (!this.#isWoken()) await this.#work.next(signal).catch(() => undefined);
    }
  }

  /** A method, for the flag changes between two reads of it. */
  #isWoken(): boolean {
    return this.#again;
  }

  /** One task of each campaign in turn, until the batch or all windows are full. */
  #nextBatch(): readonly (readonly [CampaignRun, Task])[] {
    const batch: [CampaignRun, Task][] = [];
    let runs = [...this.#options.runs()];
    while (runs.length > 0 && batch.length < batchSize) {
      runs = runs.filter((run) => {
        const task = this.#take(run);
        if (task !== undefined) batch.push([run, task]);
        return task !== undefined;
      });
    }
    return batch;
  }

  #take(run: CampaignRun): Task | undefined {
    return run.count('inFlight') < this.#options.window ? run.next() : undefined;
  }

  async #publish(batch: readonly (readonly [CampaignRun, Task])[], signal: AbortSignal): Promise<void> {
    const { queue, clock, logger } = this.#options;
    const outcomes = await Promise.allSettled(batch.map(([, task]) => this.#send(task, signal)));
    let error: unknown;
    batch.forEach(([run, task], position) => {
      const outcome = outcomes[position];
      if (outcome?.status !== 'rejected') return;
      error = outcome.reason;
      run.putBack(task.index);
    });
    // Tasks of a campaign that was cancelled while they were on their way came after it was cleared.
    const cancelled = new Set(
      batch.filter(([run]) => run.record.cancelTime !== undefined).map(([run]) => run.id),
    );
    await Promise.allSettled([...cancelled].map((id) => queue.clear(id)));
    if (error === undefined || signal.aborted) return;
    logger.warn({ error }, 'tasks could not be queued; trying again');
    await clock.sleep(1_000, signal).catch(() => undefined);
  }
  /** Queues a task, unless an earlier try had queued it, behind an answer that was lost, and its result is there. */
  async #send(task: Task, signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    const key = taskMessageId(task);
    if (this.#unsure.has(key) && (await queue.hasResult(task))) {
      this.#unsure.delete(key);
      return;
    }
    this.#unsure.add(key);
    await queue.publish(task, signal);
    this.#unsure.delete(key);
  }
}
