import { EndpointFailure } from './failures.js';

export interface RetryOptions {
  /** Milliseconds to wait before the second, third, … attempt; as many as there are. */
  readonly delays: readonly number[];
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  readonly signal: AbortSignal;
  /** Called before each further attempt. */
  readonly onRetry: () => void;
}

/** What an endpoint may have a worker wait, at most: then it is asked all the same. */
const LONGEST_WAIT = 60_000;

/**
 * Asks until there is an answer, or a failure that does not pass. The question was billed before: however often it has to
 * be repeated, it is one query.
 * @throws {EndpointFailure} the last one
 */
export async function retrying<T>(ask: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { delays, sleep, signal, onRetry } = options;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      const delay = delays[attempt];
      if (!(error instanceof EndpointFailure) || !error.passing || delay === undefined) throw error;
      onRetry();
      await sleep(Math.min(error.after ?? delay, LONGEST_WAIT), signal);
    }
  }
}

/** When each of so many images may be asked next: spaced over time, whatever their requests. */
export class Pace {
  readonly #perSecond: number;
  #next = 0;

  /** @param perSecond images; Infinity for any number */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Takes the next `count` places. @returns milliseconds from `now` until the first of them */
  take(count: number, now: number): number {
    const start = Math.max(this.#next, now);
    this.#next = start + (1000 * count) / this.#perSecond;
    return start - now;
  }
}
