import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly signal: AbortSignal;
  /** How often in a row a lost coordinator is looked for again, and how long in between. */
  readonly attempts?: number;
  readonly delayMs?: number;
}

/**
 * Makes a call that may be repeated until a coordinator is there to answer it: one that ends is started again.
 * @param action calls `answered` when it heard from the coordinator, so that only what fails in a row counts
 * @throws the coordinator's error when it stays away for `attempts` in a row; other errors at once.
 */
export async function patiently<T>(
  action: (answered: () => void) => Promise<T>,
  { signal, attempts = 30, delayMs = 1_000 }: Patience,
): Promise<T> {
  let failures = 0;
  const answered = (): void => {
    failures = 0;
  };
  for (;;) {
    try {
      return await action(answered);
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || ++failures > attempts) throw error;
      await sleep(delayMs, undefined, { signal });
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UNAVAILABLE';
}
