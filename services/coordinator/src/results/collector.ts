import type { TaskResult, WastedAttempt } from '@unpair/protocol';
import type { Clock, Logger } from '@unpair/platform';
import { outcomeOf, type TaskOutcome } from '../campaigns/outcome.js';
import type { ResultEvent, ResultLog } from './result-log.js';
import type { ResultStore } from './result-store.js';

/** What else wants to know of results, in the order of the stream. */
export interface ResultListener {
  onResult(result: TaskResult, outcome: TaskOutcome): void;
  onWasted(attempt: WastedAttempt): void;
}

export interface CollectorOptions {
  readonly log: ResultLog;
  readonly store: ResultStore;
  readonly listener: ResultListener;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Rows are written at this many results, or after this many milliseconds. */
const batchSize = 256;
const flushInterval = 500;

/** Follows the results stream: tells the campaigns at once, and fills the result store in batches. */
export class Collector {
  readonly #options: CollectorOptions;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Collects until aborted. `caughtUp` is called once all results up to `until` are in. */
  async run(until: number, caughtUp: () => void, signal: AbortSignal): Promise<void> {
    const { log, store } = this.#options;
    const flushing = this.#flushRegularly(signal);
    let behind = store.sequence < until;
    if (!behind) caughtUp();
    for await (const event of log.read(store.sequence, signal)) {
      this.#take(event);
      if (behind && event.sequence >= until) {
        behind = false;
        caughtUp();
      }
      if (store.batched >= batchSize) await this.#flush(signal);
    }
    await flushing;
  }

  #take(event: ResultEvent): void {
    const { store, listener, logger } = this.#options;
    switch (event.kind) {
      case 'result': {
        const outcome = outcomeOf(event.result, event.sequence, event.time);
        store.addResult(event.result, outcome);
        listener.onResult(event.result, outcome);
        return;
      }
      case 'wasted':
        store.addWasted(event.attempt, event.sequence);
        listener.onWasted(event.attempt);
        return;
      case 'unreadable':
        logger.error(
          { sequence: event.sequence, reason: event.reason },
          'skipped a message of the results stream',
        );
    }
  }

  /** While rows cannot be written nothing more is read, so that memory stays bounded. */
  async #flush(signal: AbortSignal): Promise<void> {
    const { store, clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await store.flush();
        return;
      } catch (error) {
        logger.error({ error }, 'rows could not be written; trying again');
        await clock.sleep(2_000, signal).catch(() => undefined);
      }
    }
  }

  async #flushRegularly(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(flushInterval, signal).catch(() => undefined);
      await this.#flush(signal);
    }
  }
}
