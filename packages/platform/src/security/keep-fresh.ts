import { UnpairError } from '@unpair/errors';
import type { Clock } from '../clock.js';
import type { Logger } from '../logging.js';

/** Something that files say, and that is read anew when they change. */
export interface Reloadable {
  /** What the files hold: `the certificate of gRPC`. */
  readonly name: string;
  /** Whether there was something new. @throws UnpairError where it cannot be used: what was before stays */
  reload(): boolean;
}

export interface KeepFreshOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two looks. */
  readonly interval?: number | undefined;
}

const yes = (): boolean => true;
const no = (): boolean => false;

/** Looks at files until aborted; one that is half written is looked at again. */
export async function keepFresh(
  all: readonly Reloadable[],
  { clock, logger, interval = 10_000 }: KeepFreshOptions,
  signal: AbortSignal,
): Promise<void> {
  if (all.length === 0) return;
  while (await clock.sleep(interval, signal).then(yes, no)) for (const each of all) look(each, logger);
}

function look(each: Reloadable, logger: Logger): void {
  try {
    if (each.reload()) logger.info(`${each.name} was read anew`);
  } catch (error) {
    const { message: reason } = UnpairError.from(error);
    logger.warn({ reason }, `${each.name} was changed and cannot be used: what it was before holds`);
  }
}
