import type { JetStreamManager, NatsConnection } from 'nats';
import { fromNats, isGone, isNotFound } from './errors.js';
import { managementTimeout } from './topology.js';

/** Messages that are being deleted at a time. */
const atOnce = 64;

/**
 * Deletes the newest message on a subject by its sequence: a purge by filter makes a shared consumer of nats-server 2.9
 * and 2.10 skip messages of others (nats-server #3838, #5075). One that is gone meanwhile is gone as it should be.
 * @returns whether there was any
 */
export async function deleteNewest(
  manager: JetStreamManager,
  stream: string,
  subject: string,
): Promise<boolean> {
  try {
    const { seq } = await manager.streams.getMessage(stream, { last_by_subj: subject });
    await manager.streams.deleteMessage(stream, seq, false);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    if (isGone(error)) return true;
    throw error;
  }
}

/** Deletes messages of a stream by their sequences; those that are gone are no error. */
export async function deleteMessages(
  connection: NatsConnection,
  stream: string,
  sequences: readonly number[],
): Promise<void> {
  const manager = await connection.jetstreamManager({ timeout: managementTimeout });
  await inBatches(sequences, (sequence) =>
    manager.streams.deleteMessage(stream, sequence, false).catch((error: unknown) => {
      if (!isNotFound(error) && !isGone(error)) throw error;
    }),
  );
}

/** Deletes every message of a stream on the subjects that fit `filter`. */
export async function eraseMessages(
  connection: NatsConnection,
  { stream, filter }: { readonly stream: string; readonly filter: string },
): Promise<void> {
  try {
    const manager = await connection.jetstreamManager({ timeout: managementTimeout });
    const { state } = await manager.streams.info(stream, { subjects_filter: filter });
    await inBatches(Object.keys(state.subjects ?? {}), async (subject) => {
      while (await deleteNewest(manager, stream, subject));
    });
  } catch (error) {
    throw fromNats(`delete messages of the stream ${stream}`, error);
  }
}

/** Does something for each, a few at a time. */
export async function inBatches<T>(all: readonly T[], action: (one: T) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < all.length; start += atOnce)
    await Promise.all(all.slice(start, start + atOnce).map(action));
}
