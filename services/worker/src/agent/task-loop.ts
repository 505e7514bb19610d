import type { Deliveries, Delivery, Logger } from '@unpair/platform';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TaskLoopOptions {
  readonly deliveries: Pick<Deliveries, 'next'>;
  /** Aborts when no more tasks are to be taken. */
  readonly signal: AbortSignal;
  readonly handle: (delivery: Delivery) => Promise<void>;
  /** Puts back at once what came while stopping, so that it waits for no lease. */
  readonly refuse: (delivery: Delivery) => Promise<void>;
  readonly logger: Logger;
}

/** Milliseconds that an idle worker waits at the broker before it asks again. */
const pullWait = 30_000;
/** Milliseconds before the broker is asked again after it did not answer. */
const outageWait = 1_000;

/**
 * Takes one task at a time, and the next only when the last is settled: a message taken ahead would sit here without
 * a lease while another worker is idle. Ends after `signal`, when the task in hand is settled.
 */
export async function runTaskLoop(options: TaskLoopOptions): Promise<void> {
  const { deliveries, signal, handle, refuse, logger } = options;
  const stopping = (): boolean => signal.aborted;
  while (!stopping()) {
    try {
      const delivery = await deliveries.next(pullWait, signal);
      if (delivery === undefined) continue;
      await (stopping() ? refuse(delivery) : handle(delivery));
    } catch (error) {
      if (stopping()) return;
      logger.warn({ error }, 'the task queue does not answer; trying again');
      await sleep(outageWait, undefined, { signal }).catch(() => undefined);
    }
  }
}
