import { UnpairError } from '@unpair/errors';
import { checkDigest, type ArtefactStore } from '@unpair/platform';
import type { UploadArtefactRequest, UploadArtefactResponse } from '@unpair/protocol';

/** More digests than a campaign could refer to. */
const mostDigests = 10_000;

/** Those of the digests that are not stored, each once. */
export async function findMissing(artefacts: ArtefactStore, digests: readonly string[]): Promise<string[]> {
  if (digests.length > mostDigests) {
    const message = `At most ${mostDigests} digests can be looked up at once, got ${digests.length}.`;
    throw new UnpairError('INVALID_ARGUMENT', message);
  }
  const missing: string[] = [];
  for (const digest of new Set(digests)) if (!(await artefacts.has(digest))) missing.push(digest);
  return missing;
}

/** Stores what a client streams; the first message names the digest. */
export async function upload(
  artefacts: ArtefactStore,
  requests: AsyncIterable<UploadArtefactRequest>,
  signal: AbortSignal,
): Promise<UploadArtefactResponse> {
  const iterator = requests[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) throw new UnpairError('INVALID_ARGUMENT', 'The upload holds no message.');
  const digest = checkDigest(first.value.digest);
  const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield first.value.chunk;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      yield next.value.chunk;
  };
  return { digest, bytes: await artefacts.put(digest, content(), signal) };
}
