import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@unpair/platform';

/** Seconds that a long piece of work may keep the event loop to itself. */
const longest = 0.01;

/** Lets calls and probes through while something long goes on that is cut into short pieces. */
export class Breath {
  readonly #clock: Pick<Clock, 'seconds'>;
  #since: number;

  constructor(clock: Pick<Clock, 'seconds'>) {
    this.#clock = clock;
    this.#since = clock.seconds();
  }

  /** Gives way where it is time to. */
  async take(): Promise<void> {
    if (this.#clock.seconds() - this.#since < longest) return;
    await turn();
    this.#since = this.#clock.seconds();
  }
}
