import type { Logger } from '@unpair/platform';
import type { Consumer, JsMsg } from 'nats';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TaskLoopOptions {
  readonly consumer: Consumer;
  /** Aborts when no more tasks are to be taken. */
  readonly signal: AbortSignal;
  readonly handle: (message: JsMsg) => Promise<void>;
  /** Puts back at once what came while stopping, so that it waits for no lease. */
  readonly refuse: (message: JsMsg) => Promise<void>;
  readonly logger: Logger;
}

/** Milliseconds that one pull waits at the broker: also the longest that an idle worker takes to stop. */
const pullWait = 1_000;
/** Milliseconds before the broker is asked again after it did not answer. */
const outageWait = 1_000;

/**
 * Takes one task at a time, and the next only when the last is settled: a message taken ahead would sit here without
 * a lease while another worker is idle. Ends after `signal`, when the task in hand is settled.
 */
export async function runTaskLoop(options: TaskLoopOptions): Promise<void> {
  const { consumer, signal, handle, refuse, logger } = options;
  const stopping = (): boolean => signal.aborted;
  while (!stopping()) {
    try {
      const message = await consumer.next({ expires: pullWait });
      if (message === null) continue;
      await (stopping() ? refuse(message) : handle(message));
    } catch (error) {
      if (stopping()) return;
      logger.warn({ error }, 'the task queue does not answer; trying again');
      await sleep(outageWait, undefined, { signal }).catch(() => undefined);
    }
  }
}
