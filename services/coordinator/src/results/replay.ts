import type { Clock, Logger } from '@unpair/platform';

export interface ReplayOptions {
  /** Messages to read. */
  readonly total: number;
  readonly clock: Pick<Clock, 'seconds'>;
  readonly logger: Logger;
}

/** Seconds between two lines of log. */
const interval = 5;

/** How far the reading of what happened before has come, told in the log. */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #started: number;
  #told: number;
  #left: number;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#started = options.clock.seconds();
    this.#told = this.#started;
    this.#left = options.total;
  }

  /** Whether everything there was has been read. */
  get isOver(): boolean {
    return this.#left === 0;
  }

  /** Notes how much is left; true where that is nothing. */
  read(left: number): boolean {
    const { total, clock, logger } = this.#options;
    this.#left = left;
    const now = clock.seconds();
    if (!this.isOver && now - this.#told < interval) return false;
    this.#told = now;
    const seconds = now - this.#started;
    const share = Math.max(0, 1 - left / total);
    const secondsLeft = Math.round((seconds * (1 - share)) / share);
    const about = { percent: Math.floor(100 * share), seconds: Math.round(seconds), secondsLeft };
    logger.info(about, 'reading the results stream');
    return this.isOver;
  }
}
