import { setTimeout as sleep } from 'node:timers/promises';

/** Seconds that a machine may take that is busy with other things: what fails in truth fails later, and no sooner. */
const patience = 120;

/** Tries a check until it stops throwing; its last error is the test's when the time is over. */
export async function eventually<T>(check: () => T | Promise<T>, seconds = patience): Promise<T> {
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
