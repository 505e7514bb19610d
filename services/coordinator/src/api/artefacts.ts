import { UnpairError } from '@unpair/errors';
import { checkDigest, type ArtefactStore, type Clock } from '@unpair/platform';
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

export interface UploadsOptions {
  readonly artefacts: ArtefactStore;
  readonly clock: Clock;
  /** Uploads at a time: each holds some MiB. */
  readonly most?: number;
  /** Milliseconds that a client may take for its next message. */
  readonly patience?: number;
}

/** Stores what clients stream, a bounded number at a time, and ends uploads that stall. */
export class Uploads {
  readonly #options: UploadsOptions;
  #open = 0;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /**
   * Stores one upload; the first message names the digest. What was stored of one that does not end well is deleted.
   * @throws UnpairError RESOURCE_EXHAUSTED while too many are open; DEADLINE_EXCEEDED where the client stalls
   */
  async take(
    requests: AsyncIterable<UploadArtefactRequest>,
    signal: AbortSignal,
  ): Promise<UploadArtefactResponse> {
    const { most = 32 } = this.#options;
    if (this.#open >= most) {
      const message = `${most} uploads are open, and no more are taken at a time; try again.`;
      throw new UnpairError('RESOURCE_EXHAUSTED', message, { reason: 'TOO_MANY_UPLOADS' });
    }
    this.#open++;
    try {
      return await this.#store(requests, signal);
    } finally {
      this.#open--;
    }
  }

  async #store(
    requests: AsyncIterable<UploadArtefactRequest>,
    signal: AbortSignal,
  ): Promise<UploadArtefactResponse> {
    const iterator = requests[Symbol.asyncIterator]();
    const first = await this.#next(iterator, signal);
    if (first === undefined) throw new UnpairError('INVALID_ARGUMENT', 'The upload holds no message.');
    const digest = checkDigest(first.digest);
    const next = (): Promise<UploadArtefactRequest | undefined> => this.#next(iterator, signal);
    const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for (let message: typeof first | undefined = first; message !== undefined; message = await next())
        yield message.chunk;
    };
    return { digest, bytes: await this.#options.artefacts.put(digest, content(), signal) };
  }

  /** The next message; undefined at the end. */
  async #next<T>(iterator: AsyncIterator<T>, signal: AbortSignal): Promise<T | undefined> {
    const { clock, patience = 30_000 } = this.#options;
    const come = new AbortController();
    const late = clock.sleep(patience, AbortSignal.any([come.signal, signal])).then(() => {
      const message = `The upload was ended: nothing came for ${patience / 1_000} s.`;
      throw new UnpairError('DEADLINE_EXCEEDED', message, { reason: 'UPLOAD_STALLED' });
    });
    late.catch(() => undefined);
    try {
      const next = await Promise.race([iterator.next(), late]);
      return next.done === true ? undefined : next.value;
    } finally {
      come.abort();
    }
  }
}
