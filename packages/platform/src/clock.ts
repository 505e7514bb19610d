import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Time as services see it; tests inject their own. Lease and ordering logic never depends on the wall clock. */
export interface Clock {
  /** Wall-clock time, for people. */
  now(): Date;
  /** Seconds from an arbitrary start that never go back, for durations. */
  seconds(): number;
  /** Resolves after so many milliseconds; rejects with an AbortError when the signal fires first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => new Date(),
  seconds: () => performance.now() / 1000,
  sleep: async (milliseconds, signal) => {
    if (signal === undefined) return sleep(milliseconds);
    // Dozens of publications may wait on one signal, and each takes its listener back: no leak to warn of.
    setMaxListeners(0, signal);
    await sleep(milliseconds, undefined, { signal });
  },
};
