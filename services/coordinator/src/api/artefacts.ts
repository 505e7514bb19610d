import { UnpairError } from '@unpair/errors';
import { checkDigest, type ArtefactStore, type Clock, type Identity } from '@unpair/platform';
import { createHash } from 'node:crypto';
import type { Tenancy } from '../access/tenancy.js';
import type { UploadArtefactRequest, UploadArtefactResponse } from '@unpair/protocol';

/** More digests than a campaign could refer to. */
const mostDigests = 10_000;

/** Those of the digests that are not stored, each once. */
export async function findMissing(
  artefacts: Pick<ArtefactStore, 'has'>,
  digests: readonly string[],
): Promise<string[]> {
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
  readonly tenancy: Tenancy;
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
    identity: Identity,
    signal: AbortSignal,
  ): Promise<UploadArtefactResponse> {
    const { most = 32, tenancy } = this.#options;
    if (this.#open >= most) {
      const message = `${most} uploads are open, and no more are taken at a time; try again.`;
      throw new UnpairError('RESOURCE_EXHAUSTED', message, { reason: 'TOO_MANY_UPLOADS' });
    }
    this.#open++;
    try {
      return await tenancy.upload(identity, () => this.#store(requests, identity, signal));
    } finally {
      this.#open--;
    }
  }

  async #store(
    requests: AsyncIterable<UploadArtefactRequest>,
    identity: Identity,
    signal: AbortSignal,
  ): Promise<UploadArtefactResponse> {
    const iterator = requests[Symbol.asyncIterator]();
    const first = await this.#next(iterator, signal);
    if (first === undefined) throw new UnpairError('INVALID_ARGUMENT', 'The upload holds no message.');
    const digest = checkDigest(first.digest);
    const next = (): Promise<UploadArtefactRequest | undefined> => this.#next(iterator, signal);
    const { artefacts, tenancy, clock, patience = 30_000 } = this.#options;
    const mustProve = tenancy.mustProve(identity, digest);
    const { left, most } = await tenancy.room(identity);
    const hash = createHash('sha256');
    let sent = 0;
    const content = (async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      const progress = new Progress(clock, patience);
      for (
        let message: typeof first | undefined = first;
        message !== undefined;
        message = await progress.during(next)
      ) {
        progress.add(message.chunk.length);
        if (mustProve) hash.update(message.chunk);
        sent += message.chunk.length;
        if (mustProve && sent > left) throw noRoom(identity, most);
        yield message.chunk;
      }
    })();
    const bytes = await artefacts.put(digest, content, signal);
    if (!mustProve) return { digest, bytes };
    // What another tenant has stored already is not read, but who refers to it must have it.
    let step = await content.next();
    while (step.done !== true) step = await content.next();
    if (hash.digest('hex') !== digest)
      throw new UnpairError('INVALID_ARGUMENT', `The content does not have the SHA-256 ${digest}.`);
    await tenancy.grant(identity, digest, bytes);
    return { digest, bytes };
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

function noRoom({ tenant }: Identity, most: number): UnpairError {
  const message = `The tenant ${tenant} may store ${most} bytes, which this upload would exceed; delete campaigns, and what they alone refer to goes within two hours.`;
  return new UnpairError('RESOURCE_EXHAUSTED', message);
}

/** Less than a slow line sends in the time that a client may take for one message. */
const leastBytes = 64 * 1024;

/** Ends uploads that come in drops: an upload holds a place, and one message in time is no progress. */
class Progress {
  #waited = 0;
  #bytes = 0;
  readonly #clock: Clock;
  readonly #patience: number;

  constructor(clock: Clock, patience: number) {
    this.#clock = clock;
    this.#patience = patience;
  }

  /** So many bytes came. @throws UnpairError DEADLINE_EXCEEDED where they are too few for the time that was waited */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#waited * 1_000 < this.#patience) return;
    if (this.#bytes < leastBytes) {
      const message = `The upload was ended: ${this.#bytes} bytes came in ${Math.round(this.#waited)} s.`;
      throw new UnpairError('DEADLINE_EXCEEDED', message);
    }
    this.#waited = 0;
    this.#bytes = 0;
  }

  /** Waits for the client; what the broker takes is not the client's. */
  async during<T>(wait: () => Promise<T>): Promise<T> {
    const start = this.#clock.seconds();
    const value = await wait();
    this.#waited += this.#clock.seconds() - start;
    return value;
  }
}
