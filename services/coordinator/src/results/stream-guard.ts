import {
  onReconnect,
  type Clock,
  type Logger,
  type NatsConnection,
  type StreamPosition,
} from '@unpair/platform';
import { UnpairError } from '@unpair/errors';
import type { ResultLog } from './result-log.js';

export interface StreamGuardOptions {
  readonly connection: NatsConnection;
  readonly log: Pick<ResultLog, 'state' | 'holds'>;
  /** Identity of the stream that is read. */
  readonly streamId: string;
  /** The last message that was read. */
  readonly position: () => StreamPosition | undefined;
  /** Makes streams again that are missing. */
  readonly repair: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const sentence =
  'The results stream of the broker was set back or made anew: the coordinator ends, ' +
  'and reads it from its beginning when it is started again.';

/** Milliseconds between two looks while the connection holds. */
const interval = 15_000;
/** Milliseconds before a stream that looks set back is looked at once more: a server that just came up may still be reading. */
const doubt = 1_000;

/**
 * Watches over the results stream: whether it still has what was read from it, after every reconnect and every so often.
 * A broker whose storage was set back or made anew leaves a coordinator with results that never were.
 */
export class StreamGuard {
  readonly #options: StreamGuardOptions;

  constructor(options: StreamGuardOptions) {
    this.#options = options;
  }

  /** Watches until aborted. @throws UnpairError DATA_LOSS once the stream is another: then a new process has to read it */
  async run(signal: AbortSignal): Promise<void> {
    const { connection, clock } = this.#options;
    let woken = new AbortController();
    onReconnect(connection, () => {
      woken.abort();
    });
    while (!signal.aborted) {
      await clock.sleep(interval, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
      woken = new AbortController();
      if (await this.#isLost(signal)) throw new UnpairError('DATA_LOSS', sentence);
    }
  }

  /** Whether two looks say so; one that fails says nothing. */
  async #isLost(signal: AbortSignal): Promise<boolean> {
    const { clock, logger } = this.#options;
    try {
      if (await this.#isSame()) return false;
      await clock.sleep(doubt, signal);
      return !(await this.#isSame());
    } catch (error) {
      if (!signal.aborted) logger.warn({ error }, 'could not look at the results stream');
      return false;
    }
  }

  async #isSame(): Promise<boolean> {
    const { log, streamId, position, repair } = this.#options;
    await repair();
    if ((await log.state()).id !== streamId) return false;
    const last = position();
    return last === undefined || (await log.holds(last));
  }
}
