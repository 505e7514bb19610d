import { UnpairError } from '@unpair/errors';
import { checkpointsBucket } from '@unpair/protocol';
import { NatsError, type NatsConnection, type ObjectInfo, type ObjectStore } from 'nats';
import { fromNats } from '../nats/errors.js';
import { chunksOf, metaOf, purge, streamOf } from './object-bucket.js';
import { ObjectUpload } from './object-upload.js';

/** How far a stored state of training is. */
export interface StoredCheckpoint {
  readonly steps: number;
  readonly bytes: number;
}

export interface PutCheckpointOptions {
  /** Steps that are done in it. */
  readonly steps: number;
  readonly content: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** Milliseconds that a download may stand still. */
const stall = 10_000;
/** Milliseconds that an upload waits for a broker that is away or full: the next one is never far. */
const patience = 2_000;

/**
 * The newest state of every training, so that another worker can go on. The coordinator makes the bucket, with its copies
 * and its limits of bytes and age; here it is used where it is there.
 */
export class CheckpointStore {
  readonly #connection: NatsConnection;
  #opened: ObjectStore | undefined;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /**
   * How far the stored state of `key` is; undefined without any.
   * @throws {UnpairError} UNAVAILABLE, before a coordinator has made the bucket too
   */
  async find(key: string): Promise<StoredCheckpoint | undefined> {
    const info = await this.#info(key);
    return info && { steps: stepsOf(info), bytes: info.size };
  }

  /**
   * The stored state of `key`, in pieces.
   * @throws {UnpairError} NOT_FOUND when it is gone; DATA_LOSS when it is damaged; UNAVAILABLE when it does not come
   */
  async *get(key: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const result = await (await this.#open()).get(key).catch((error: unknown) => {
      throw fromNats('read a checkpoint', error);
    });
    if (result === null) throw new UnpairError('NOT_FOUND', 'The checkpoint is gone.');
    // The client's own check of the digest ends the content with an error, which is met there.
    result.error.catch(() => undefined);
    const reader = result.data.getReader();
    try {
      for (;;) {
        signal?.throwIfAborted();
        const { done, value } = await inTime(reader.read().catch(damaged));
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }

  /**
   * Stores the state of `key` in the place of an older one; false where what is there is as far.
   * @throws {UnpairError} RESOURCE_EXHAUSTED when the bucket is full, with the older one still there; UNAVAILABLE
   */
  async put(key: string, { steps, content, signal }: PutCheckpointOptions): Promise<boolean> {
    const old = await this.#info(key);
    if (old !== undefined && stepsOf(old) >= steps) return false;
    const connection = this.#connection;
    const upload = new ObjectUpload({ connection, bucket: checkpointsBucket, patience, signal });
    try {
      await upload.send(content);
      const isNewest = await upload.show(key, old?.revision ?? 0, { steps: `${steps}` });
      if (!isNewest) await this.#discard(upload);
      else if (old !== undefined) await this.#dropContent(old);
      return isNewest;
    } catch (error) {
      await this.#discard(upload);
      throw error;
    }
  }

  /** Takes back what was sent. Best effort: pieces that nothing refers to cost space, until they are too old. */
  async #discard({ id }: ObjectUpload): Promise<void> {
    await this.#dropContent({ nuid: id }).catch(() => undefined);
  }

  /** Deletes the state of `key`: nothing will go on from there. */
  async delete(key: string): Promise<void> {
    const info = await this.#info(key);
    if (info === undefined) return;
    try {
      await purge(this.#connection, checkpointsBucket, metaOf(checkpointsBucket, key));
      await this.#dropContent(info);
    } catch (error) {
      throw fromNats('delete a checkpoint', error);
    }
  }

  #dropContent({ nuid }: Pick<ObjectInfo, 'nuid'>): Promise<void> {
    return purge(this.#connection, checkpointsBucket, chunksOf(checkpointsBucket, nuid));
  }

  async #info(key: string): Promise<ObjectInfo | undefined> {
    try {
      const info = await (await this.#open()).info(key);
      return info === null || info.deleted ? undefined : info;
    } catch (error) {
      throw fromNats('look for a checkpoint', error);
    }
  }

  /** Never makes the bucket, which the client would do without its limits. */
  async #open(): Promise<ObjectStore> {
    if (this.#opened !== undefined) return this.#opened;
    const manager = await this.#connection.jetstreamManager();
    await manager.streams.info(streamOf(checkpointsBucket));
    this.#opened = await this.#connection.jetstream().views.os(checkpointsBucket);
    return this.#opened;
  }
}

function stepsOf({ metadata }: ObjectInfo): number {
  return Number(metadata?.['steps'] ?? 0);
}

/** The client says of content with another digest no more than that, in an error of its own. */
function damaged(error: unknown): never {
  if (error instanceof NatsError) throw fromNats('read a checkpoint', error);
  throw new UnpairError('DATA_LOSS', 'The checkpoint is damaged in the object store.', { cause: error });
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new UnpairError('UNAVAILABLE', `The checkpoint did not come on for ${stall / 1_000} s.`));
    }, stall);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
