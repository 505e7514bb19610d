import type { Clock, Logger, QueueDepth } from '@unpair/platform';
import { resultOf, type ResultAddress, type Task, type TaskResult } from '@unpair/protocol';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import type { Lanes } from './lanes.js';
import type { TaskQueue } from './task-queue.js';

export interface ReconcilerOptions {
  readonly queue: TaskQueue;
  readonly runs: () => Iterable<CampaignRun>;
  /** Whether nobody wants the result of a queued task any more, whatever its campaign. */
  readonly isAbandoned: (task: Pick<ResultAddress, 'campaignId' | 'index'>) => boolean;
  readonly lanes: Pick<Lanes, 'queueOf'>;
  /** Whether a worker is there that takes tasks of a queue. */
  readonly isServed: (queue: string) => boolean;
  /** There may be tasks to release. */
  readonly wake: () => void;
  /** Writes a result as a worker would; used for the dead letters of tasks that workers never get to. */
  readonly publishResult: (result: TaskResult) => Promise<unknown>;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** After so many publications a task that still has no result is given up. */
const mostPublications = 3;

/**
 * Compares what should be in flight with what the broker holds. A task that left the queue without a result, or that the
 * broker will not deliver any more (too many deliveries, or orphaned by a crash), is published again under a new
 * message id, and in the end given up. A task has to be seen amiss twice in a row, because results travel behind
 * acknowledgements; and before anything is done about it the broker is asked for its result, since this process may have
 * been cut off while workers went on.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #suspects: ReadonlySet<string> = new Set();
  #leftovers: ReadonlySet<string> = new Set();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Looks at regular intervals until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, interval, logger } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(interval, signal).catch(() => undefined);
      await this.look(signal).catch((error: unknown) => {
        logger.warn({ error }, 'could not compare the queue with the campaigns');
      });
    }
  }

  /** Looks once; tasks that were suspect at the last look too are dealt with. A look that the broker fails counts for nothing. */
  async look(signal: AbortSignal): Promise<void> {
    const before = this.#suspects;
    this.#suspects = new Set();
    const { queue, runs } = this.#options;
    const depths = await queue.depths();
    const inFlight = [...runs()].map((run) => ({ run, indices: run.inFlight() }));
    const queued = await queue.allQueued();
    const fresh = new Set<string>();
    for (const [key, { run, index }] of this.#missing(inFlight, queued, depths)) {
      if (before.has(key)) await this.#revive(run, index, signal);
      else fresh.add(key);
    }
    this.#suspects = fresh;
    await this.#sweep(queued);
  }

  /**
   * Takes out of the queue what nobody waits for, once it was seen twice: a broker that is killed can forget that a task was
   * acknowledged, and then neither delivers nor drops it.
   */
  async #sweep(queued: Queued): Promise<void> {
    const { queue, isAbandoned, logger } = this.#options;
    const before = this.#leftovers;
    this.#leftovers = new Set();
    const leftovers = new Set<string>();
    for (const [campaignId, tasks] of queued) {
      for (const index of tasks.keys()) {
        if (!isAbandoned({ campaignId, index })) continue;
        leftovers.add(`${campaignId}/${index}`);
        if (!before.has(`${campaignId}/${index}`)) continue;
        logger.info(
          { campaign: campaignId, task: index },
          'took a task out of the queue that nobody waits for',
        );
        await queue.remove(campaignId, index);
      }
    }
    this.#leftovers = leftovers;
  }

  /** Tasks that should be in flight, and that the queue does not hold or will not deliver. */
  #missing(
    inFlight: readonly { readonly run: CampaignRun; readonly indices: readonly number[] }[],
    queued: Queued,
    depths: ReadonlyMap<string, QueueDepth>,
  ): ReadonlyMap<string, InFlight> {
    const isDrained = (name: string): boolean => {
      const depth = depths.get(name);
      return depth !== undefined && depth.waiting + depth.held === 0;
    };
    const missing = new Map<string, InFlight>();
    for (const { run, indices } of inFlight) {
      for (const index of indices) {
        const place = queued.get(run.id)?.get(index);
        const isAmiss = place === undefined || isDrained(place) || this.#isDeserted(run, place);
        if (isAmiss) missing.set(`${run.id}/${index}`, { run, index });
      }
    }
    return missing;
  }

  /** Whether a task waits where nobody takes it, and could go elsewhere. */
  #isDeserted({ file }: CampaignRun, queue: string): boolean {
    return file.placement.mixed && !this.#options.isServed(queue);
  }

  async #revive(run: CampaignRun, index: number, signal: AbortSignal): Promise<void> {
    const { queue, logger, publishResult } = this.#options;
    const again = run.again(index);
    // Its result is in the stream, or has been read since: there is nothing to do but to take it in.
    if (!run.isInFlight(index) || (await queue.hasResult(again))) return;
    await queue.remove(run.id, index);
    if (again.generation >= mostPublications) {
      await publishResult(deadLetter(again));
      return;
    }
    logger.warn(
      { campaign: run.id, task: index },
      'a task left the queue without a result; queueing it again',
    );
    const place = this.#options.lanes.queueOf(run, index);
    if (place === undefined || this.#isDeserted(run, place)) {
      run.requeued(index);
      run.putBack(index);
      this.#options.wake();
      return;
    }
    await queue.publish(place, again, signal);
    run.requeued(index);
  }
}

/** Queues of all tasks that are queued, by campaign and position. */
type Queued = Awaited<ReturnType<TaskQueue['allQueued']>>;

interface InFlight {
  readonly run: CampaignRun;
  readonly index: number;
}

/** @param again the publication that the task would have had next */
function deadLetter(again: Task): TaskResult {
  const { generation: publications } = again;
  const reason = 'it left the queue each time without a result';
  const value = { deliveries: 0, publications, reason };
  return resultOf({ ...again, generation: publications - 1 }, { $case: 'deadLetter', value });
}
