import { ErrorCode, NatsError, StorageType, type KV, type NatsConnection } from 'nats';
import { fromNats, isFenced, isNotFound } from './errors.js';
import { ensureReplicas } from './replicas.js';
import { managementTimeout } from './topology.js';

export interface BucketOptions {
  readonly name: string;
  /** What its entries are, for errors: `campaign records`. */
  readonly what: string;
  /** Copies of the bucket: 1 on one server, 3 in production; as many as there are where it is not said. */
  readonly replicas?: number;
}

/** A value of a bucket; every write of its key gives it another revision. */
export interface Entry {
  readonly value: Uint8Array;
  readonly revision: number;
}

/** Small values by key that outlive every process: a JetStream key-value bucket that keeps the newest of each. */
export class Bucket {
  readonly #connection: NatsConnection;
  readonly #options: BucketOptions;
  readonly #what: string;
  #entries: KV;
  /** When the bucket was made: one that was deleted and made again is another. */
  #created: string;

  private constructor(connection: NatsConnection, options: BucketOptions, opened: Opened) {
    this.#connection = connection;
    this.#options = options;
    this.#what = options.what;
    this.#entries = opened.entries;
    this.#created = opened.created;
  }

  /** Opens the bucket, creating it at the first time. */
  static async open(connection: NatsConnection, options: BucketOptions): Promise<Bucket> {
    return new Bucket(connection, options, await openBucket(connection, options));
  }

  /** Makes the bucket again where someone has deleted it. @returns whether it is another one now, without what was in it */
  async restore(): Promise<boolean> {
    const created = await this.#do('look at', () =>
      createdTime(this.#entries).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      }),
    );
    if (created === this.#created) return false;
    const opened = await openBucket(this.#connection, this.#options);
    this.#entries = opened.entries;
    this.#created = opened.created;
    return true;
  }

  /** Writes a value under a new key; undefined where the key has one already. @returns the entry's revision */
  async create(key: string, value: Uint8Array): Promise<number | undefined> {
    return this.#unlessFenced(`store ${key} in`, () => this.#entries.create(key, value));
  }

  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.#do(`read ${key} of`, () => this.#entries.get(key));
    return entry?.operation === 'PUT' ? entry : undefined;
  }

  /** Replaces a value; undefined where it is of another revision than the one named. @returns the new revision */
  async replace(key: string, value: Uint8Array, revision: number): Promise<number | undefined> {
    return this.#unlessFenced(`store ${key} in`, () => this.#entries.update(key, value, revision));
  }

  /** Removes a key and what it held. */
  async remove(key: string): Promise<void> {
    await this.#do(`remove ${key} from`, () => this.#entries.purge(key));
  }

  /** Every entry by its key, read in one go: a call for each would be slow, and one in between ends the list early. */
  async entries(): Promise<ReadonlyMap<string, Entry>> {
    return this.#do('list', async () => {
      const entries = new Map<string, Entry>();
      if ((await this.#entries.status()).values === 0) return entries;
      const watch = await this.#entries.watch();
      const late = setTimeout(() => {
        watch.stop(new NatsError('the entries did not come', ErrorCode.Timeout));
      }, managementTimeout);
      try {
        for await (const entry of watch) {
          if (entry.operation === 'PUT') entries.set(entry.key, entry);
          if (entry.delta === 0) return entries;
        }
      } finally {
        clearTimeout(late);
        watch.stop();
      }
      throw new NatsError('the list ended early', ErrorCode.Timeout);
    });
  }

  async #unlessFenced(action: string, write: () => Promise<number>): Promise<number | undefined> {
    return this.#do(action, () =>
      write().catch((error: unknown) => {
        if (isFenced(error)) return undefined;
        throw error;
      }),
    );
  }

  async #do<T>(action: string, work: () => Promise<T>): Promise<T> {
    return work().catch((error: unknown) => {
      throw fromNats(`${action} the ${this.#what}`, error);
    });
  }
}

interface Opened {
  readonly entries: KV;
  readonly created: string;
}

async function openBucket(
  connection: NatsConnection,
  { name, what, replicas }: BucketOptions,
): Promise<Opened> {
  try {
    const { views } = connection.jetstream({ timeout: managementTimeout });
    const options = { history: 1, replicas: replicas ?? 1, storage: StorageType.File };
    const entries = await views.kv(name, options);
    await ensureReplicas(connection, `KV_${name}`, replicas);
    return { entries, created: await createdTime(entries) };
  } catch (error) {
    throw fromNats(`open the ${what}`, error);
  }
}

async function createdTime(entries: KV): Promise<string> {
  return (await entries.status()).streamInfo.created;
}
