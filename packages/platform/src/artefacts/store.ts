import { UnpairError } from '@unpair/errors';
import { artefactsBucket } from '@unpair/protocol';
import { StorageType, type NatsConnection, type ObjectStore } from 'nats';
import { createHash } from 'node:crypto';
import { systemClock, type Clock } from '../clock.js';
import { fromNats } from '../nats/errors.js';
import { ensureReplicas } from '../nats/replicas.js';
import { managementTimeout } from '../nats/topology.js';
import { deleteMessages, eraseMessages } from '../nats/erase.js';
import { checkDigest, isDigest, type Digest } from './digest.js';
import { chunksOf, metaOf, streamOf } from './object-bucket.js';
import { ObjectUpload } from './object-upload.js';

export interface ArtefactStoreOptions {
  readonly replicas?: number;
}

const stream = streamOf(artefactsBucket);
/** Milliseconds that an upload waits for a broker that went away. */
const patience = 30_000;

/** Models and sample sets, named by their SHA-256, on the JetStream Object Store. */
export class ArtefactStore {
  readonly #connection: NatsConnection;
  readonly #objects: ObjectStore;

  private constructor(connection: NatsConnection, objects: ObjectStore) {
    this.#connection = connection;
    this.#objects = objects;
  }

  /** Opens the bucket, creating it at the first time. */
  static async open(connection: NatsConnection, options: ArtefactStoreOptions = {}): Promise<ArtefactStore> {
    const { replicas } = options;
    try {
      // Copies come afterwards: the client passes on what it is told of them by a name that nats-server 2.12 refuses.
      const bucket = { storage: StorageType.File };
      const { views } = connection.jetstream({ timeout: managementTimeout });
      const objects = await views.os(artefactsBucket, bucket);
      await ensureReplicas(connection, stream, replicas);
      return new ArtefactStore(connection, objects);
    } catch (error) {
      throw fromNats('open the artefact store', error);
    }
  }

  /** Opens the bucket once the coordinator has made it: with as many copies as it was told to keep. */
  static async await(
    connection: NatsConnection,
    signal?: AbortSignal,
    clock: Clock = systemClock,
  ): Promise<ArtefactStore> {
    for (;;) {
      signal?.throwIfAborted();
      try {
        const manager = await connection.jetstreamManager({ timeout: managementTimeout });
        await manager.streams.info(stream);
        return await ArtefactStore.open(connection);
      } catch (error) {
        const failure = fromNats('reach the artefact store', error);
        if (failure.code !== 'NOT_FOUND' && !failure.retryable) throw failure;
      }
      await clock.sleep(500, signal);
    }
  }

  /** Bytes of an artefact; undefined when it is not stored. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      const info = await this.#objects.info(checkDigest(digest));
      return info === null || info.deleted ? undefined : info.size;
    } catch (error) {
      throw fromNats(`look up artefact ${digest}`, error);
    }
  }

  /** Whether an artefact is stored. */
  async has(digest: Digest): Promise<boolean> {
    return (await this.size(digest)) !== undefined;
  }

  /**
   * Stores content under its digest, unless it is there. Nothing is visible until all of it has arrived and fits.
   * @returns its size in bytes
   * @throws UnpairError INVALID_ARGUMENT when the content has another digest
   */
  async put(digest: Digest, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
    const present = await this.size(digest);
    if (present !== undefined) return present;
    const connection = this.#connection;
    const upload = new ObjectUpload({ connection, bucket: artefactsBucket, patience, signal });
    try {
      await upload.send(content);
      if (upload.digest !== digest) {
        const message = `The content's SHA-256 is ${upload.digest}, but it was announced as ${digest}.`;
        throw new UnpairError('INVALID_ARGUMENT', message, {
          violations: [{ field: 'digest', description: message }],
        });
      }
      // Another upload of the same content may have been faster.
      if (!(await upload.show(digest, 0))) await this.#discard(upload);
      return upload.bytes;
    } catch (error) {
      await this.#discard(upload);
      throw error;
    }
  }

  /** Pieces that nothing refers to cost space, and are collected; the error that led here matters more. */
  async #discard({ id, sequences }: ObjectUpload): Promise<void> {
    await deleteMessages(this.#connection, stream, sequences).catch(() => undefined);
    // Of a piece whose confirmation was lost, nobody knows where it lies.
    await this.removeUpload(id).catch(() => undefined);
  }

  /** Every artefact that is stored, and every upload of which there are pieces and no artefact: it goes on, or was cut off. */
  async contents(): Promise<{ readonly digests: readonly Digest[]; readonly uploads: readonly string[] }> {
    try {
      const entries = (await this.#objects.list()).filter(({ deleted }) => !deleted);
      const owned = new Set(entries.map(({ nuid: id }) => id));
      const manager = await this.#connection.jetstreamManager({ timeout: managementTimeout });
      const { state } = await manager.streams.info(stream, {
        subjects_filter: chunksOf(artefactsBucket, '*'),
      });
      const before = chunksOf(artefactsBucket, '').length;
      const ids = Object.keys(state.subjects ?? {}).map((subject) => subject.slice(before));
      const digests = entries.map(({ name }) => name).filter(isDigest);
      return { digests, uploads: ids.filter((id) => !owned.has(id)) };
    } catch (error) {
      throw fromNats('list the artefacts', error);
    }
  }

  /** Deletes an artefact: first what makes it visible, then its pieces. */
  async remove(digest: Digest): Promise<void> {
    const info = await this.#objects.info(checkDigest(digest)).catch((error: unknown) => {
      throw fromNats(`look up artefact ${digest}`, error);
    });
    if (info === null) return;
    await eraseMessages(this.#connection, { stream, filter: metaOf(artefactsBucket, digest) });
    await this.removeUpload(info.nuid);
  }

  /** Deletes what there is of an upload. */
  async removeUpload(id: string): Promise<void> {
    await eraseMessages(this.#connection, { stream, filter: chunksOf(artefactsBucket, id) });
  }

  /**
   * Streams an artefact's content; the last piece comes only when the whole has the right digest.
   * @throws UnpairError NOT_FOUND when it is not stored, DATA_LOSS when what is stored is not what it should be
   */
  async *get(digest: Digest, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const result = await this.#objects.get(checkDigest(digest)).catch((error: unknown) => {
      throw fromNats(`read artefact ${digest}`, error);
    });
    if (result === null) throw new UnpairError('NOT_FOUND', `Artefact ${digest} is not stored.`);
    yield* verified(digest, result.data, signal);
  }
}

/** Holds each piece back until the next one is there, and the last until the digest is known to fit. */
async function* verified(
  digest: Digest,
  content: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let held: Uint8Array | undefined;
  for await (const piece of content) {
    signal?.throwIfAborted();
    hash.update(piece);
    if (held !== undefined) yield held;
    held = piece;
  }
  if (hash.digest('hex') !== digest) {
    throw new UnpairError('DATA_LOSS', `Artefact ${digest} is damaged in the object store.`);
  }
  if (held !== undefined) yield held;
}
