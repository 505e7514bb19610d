import { setTimeout as sleep } from 'node:timers/promises';

/** Tries a check until it stops throwing; its last error is the test's when the time is over. */
export async function eventually<T>(check: () => T | Promise<T>, seconds = 30): Promise<T> {
  const end = performance.now() + seconds * 1_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(25);
    }
  }
}
