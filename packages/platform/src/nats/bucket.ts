import { StorageType, type KV, type NatsConnection } from 'nats';
import { fromNats, isFenced } from './errors.js';
import { managementTimeout } from './topology.js';

export interface BucketOptions {
  readonly name: string;
  /** What its entries are, for errors: `campaign records`. */
  readonly what: string;
  /** Copies of the bucket: 1 on one server, 3 in production. */
  readonly replicas?: number;
}

/** Small values by key that outlive every process: a JetStream key-value bucket that keeps the newest of each. */
export class Bucket {
  readonly #entries: KV;
  readonly #what: string;

  private constructor(entries: KV, what: string) {
    this.#entries = entries;
    this.#what = what;
  }

  /** Opens the bucket, creating it at the first time. */
  static async open(
    connection: NatsConnection,
    { name, what, replicas = 1 }: BucketOptions,
  ): Promise<Bucket> {
    try {
      const { views } = connection.jetstream({ timeout: managementTimeout });
      const options = { history: 1, replicas, storage: StorageType.File };
      return new Bucket(await views.kv(name, options), what);
    } catch (error) {
      throw fromNats(`open the ${what}`, error);
    }
  }

  /** Writes a value under a new key; false where the key has one already. */
  async create(key: string, value: Uint8Array): Promise<boolean> {
    try {
      await this.#entries.create(key, value);
      return true;
    } catch (error) {
      if (isFenced(error)) return false;
      throw fromNats(`store ${key} in the ${this.#what}`, error);
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      return (await this.#entries.get(key))?.value;
    } catch (error) {
      throw fromNats(`read ${key} of the ${this.#what}`, error);
    }
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    try {
      await this.#entries.put(key, value);
    } catch (error) {
      throw fromNats(`store ${key} in the ${this.#what}`, error);
    }
  }

  /** Every key. All are read before anything else is asked: another call in between would end the list early. */
  async keys(): Promise<readonly string[]> {
    try {
      const keys: string[] = [];
      for await (const key of await this.#entries.keys()) keys.push(key);
      return keys;
    } catch (error) {
      throw fromNats(`list the ${this.#what}`, error);
    }
  }
}
