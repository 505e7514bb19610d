import { UnpairError } from '@unpair/errors';
import { storageFacts, type NatsConnection } from '@unpair/platform';
import { resultsStream } from '@unpair/protocol';

/** Of the results stream's limit, what has to be free for a campaign more. */
const share = 0.01;

/**
 * Looks whether the results of a campaign more would find room.
 * @throws UnpairError RESOURCE_EXHAUSTED where they would not
 */
export async function checkRoom(connection: NatsConnection): Promise<void> {
  const { streams } = await storageFacts(connection);
  const results = streams.find(({ name }) => name === resultsStream);
  if (results === undefined || results.maxBytes < 0) return;
  const { bytes, maxBytes } = results;
  if (bytes < (1 - share) * maxBytes) return;
  const message = `Results take ${megabytes(bytes)} of the ${megabytes(maxBytes)} that they may: delete campaigns, or raise UNPAIR_MAX_RESULT_MEGABYTES.`;
  throw new UnpairError('RESOURCE_EXHAUSTED', message, { reason: 'STORAGE_FULL' });
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e4) / 100} MB`;
}
