import type { Clock } from './clock.js';
import type { Logger } from './logging.js';

export interface SparseLogOptions {
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'seconds'>;
  /** Seconds between two lines of one text. */
  readonly interval?: number;
}

/**
 * Warnings whose number others decide: of each text one line at once, and then one in so many seconds that says how
 * many there were. What is said of a message is the caller's; errors, with their stacks, do not belong here.
 */
export class SparseLog {
  readonly #options: SparseLogOptions;
  readonly #texts = new Map<string, { since: number; count: number }>();

  constructor(options: SparseLogOptions) {
    this.#options = options;
  }

  /** @param text one of a few: what it is about goes into `about` */
  warn(about: Readonly<Record<string, unknown>>, text: string): void {
    const { logger, clock, interval = 10 } = this.#options;
    const now = clock.seconds();
    const last = this.#texts.get(text);
    if (last !== undefined && now - last.since < interval) {
      last.count++;
      return;
    }
    this.#texts.set(text, { since: now, count: 0 });
    logger.warn({ ...about, ...(last !== undefined && { more: last.count }) }, text);
  }
}
