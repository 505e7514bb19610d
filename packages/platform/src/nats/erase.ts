import type { JetStreamManager, MsgRequest, NatsConnection } from 'nats';
import { fromNats, isGone, isNotFound } from './errors.js';
import { managementTimeout } from './topology.js';

/** Messages that are being deleted at a time. */
const atOnce = 64;

/**
 * Deletes every message on a subject, the oldest first, each by its sequence. A purge by filter makes a shared consumer of
 * nats-server 2.9 and 2.10 skip messages of others (nats-server #3838, #5075); and where the newest of several is deleted, 2.9
 * finds no newest any more, and so not the others. A message that is gone meanwhile is gone as it should be.
 */
export async function deleteAll(manager: JetStreamManager, stream: string, subject: string): Promise<void> {
  for (let from = 1; ;) {
    const query = { seq: from, next_by_subj: subject };
    const seq = await sequenceOf(manager, stream, query);
    if (seq === undefined) return;
    await deleteOne(manager, stream, seq);
    from = seq + 1;
  }
}

/** Deletes the only message on a subject; false where it is not found. */
async function deleteOnly(manager: JetStreamManager, stream: string, subject: string): Promise<boolean> {
  const seq = await sequenceOf(manager, stream, { last_by_subj: subject });
  if (seq !== undefined) await deleteOne(manager, stream, seq);
  return seq !== undefined;
}

async function sequenceOf(
  manager: JetStreamManager,
  stream: string,
  query: MsgRequest,
): Promise<number | undefined> {
  try {
    return (await manager.streams.getMessage(stream, query)).seq;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function deleteOne(manager: JetStreamManager, stream: string, sequence: number): Promise<void> {
  try {
    await manager.streams.deleteMessage(stream, sequence, false);
  } catch (error) {
    if (!isNotFound(error) && !isGone(error)) throw error;
  }
}

/** Deletes messages of a stream by their sequences; those that are gone are no error. */
export async function deleteMessages(
  connection: NatsConnection,
  stream: string,
  sequences: readonly number[],
): Promise<void> {
  const manager = await connection.jetstreamManager({ timeout: managementTimeout });
  await inBatches(sequences, (sequence) => deleteOne(manager, stream, sequence));
}

/** Deletes every message of a stream on the subjects that fit `filter`. */
export async function eraseMessages(
  connection: NatsConnection,
  { stream, filter }: { readonly stream: string; readonly filter: string },
): Promise<void> {
  try {
    const manager = await connection.jetstreamManager({ timeout: managementTimeout });
    const { state } = await manager.streams.info(stream, { subjects_filter: filter });
    // The newest is found without a look at all that is older; where there is one message, it is the one.
    await inBatches(Object.entries(state.subjects ?? {}), async ([subject, count]) => {
      if (count === 1 && (await deleteOnly(manager, stream, subject))) return;
      await deleteAll(manager, stream, subject);
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
