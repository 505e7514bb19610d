import { maxDeliveries, type Clock, type Logger } from '@unpair/platform';
import type { TaskResult } from '@unpair/protocol';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import type { TaskQueue } from './task-queue.js';

export interface ReconcilerOptions {
  readonly queue: TaskQueue;
  readonly runs: () => Iterable<CampaignRun>;
  /** Writes a result as a worker would; used for the dead letters of tasks that workers never get to. */
  readonly publishResult: (result: TaskResult) => Promise<unknown>;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** After so many publications a task that still has no result is given up. */
const generations = 3;

/**
 * Compares what should be in flight with what the broker holds. A task that left the queue without a result, or that the
 * broker will not deliver any more (too many deliveries, or orphaned by a crash), is published again under a new
 * message id, and in the end written off. A task has to be seen amiss twice, because results travel behind acknowledgements.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #suspects = new Set<string>();

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

  /** Looks once; tasks that were suspect at the last look too are dealt with. */
  async look(signal: AbortSignal): Promise<void> {
    const { queue, runs } = this.#options;
    const { waiting, held } = await queue.depth();
    const suspects = new Set<string>();
    for (const run of runs()) {
      const inFlight = run.inFlight();
      const queued = await queue.queued(run.id);
      const isStuck = (index: number): boolean => !queued.has(index) || waiting + held === 0;
      for (const index of inFlight.filter(isStuck)) {
        const key = `${run.id}/${index}`;
        if (this.#suspects.has(key)) await this.#revive(run, index, signal);
        else suspects.add(key);
      }
    }
    this.#suspects = suspects;
  }

  async #revive(run: CampaignRun, index: number, signal: AbortSignal): Promise<void> {
    const { queue, logger, publishResult } = this.#options;
    await queue.remove(run.id, index);
    if (run.generation(index) + 1 >= generations) {
      await publishResult(deadLetter(run, index));
      return;
    }
    logger.warn(
      { campaign: run.id, task: index },
      'a task left the queue without a result; queueing it again',
    );
    await queue.publish(run.again(index), signal);
  }
}

function deadLetter(run: CampaignRun, index: number): TaskResult {
  const reason = `no worker brought a result in ${generations} rounds of up to ${maxDeliveries} deliveries`;
  return {
    campaignId: run.id,
    index,
    round: 0,
    generation: run.generation(index),
    worker: '',
    runtime: '',
    seconds: 0,
    outcome: { $case: 'deadLetter', value: { deliveries: generations * maxDeliveries, reason } },
  };
}
