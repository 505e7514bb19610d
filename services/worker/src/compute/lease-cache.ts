/** Something that holds memory until closed. */
export interface Closable {
  close(): Promise<void>;
}

/** A value that will not be closed before `release`. */
export interface Lease<V> {
  readonly value: V;
  readonly release: () => void;
}

interface Entry<V> {
  readonly loading: Promise<V>;
  users: number;
}

export interface LeaseCacheOptions {
  /** Values kept at most; more only while more are in use. */
  readonly capacity: number;
  /** Called with the keys held, least recently used first, whenever they change. */
  readonly onChange?: (keys: readonly string[]) => void;
}

/**
 * Keeps the most recently used values loaded, loads each key once however many ask for it at the same time, and never
 * closes one that is in use.
 */
export class LeaseCache<V extends Closable> {
  readonly #capacity: number;
  readonly #onChange: (keys: readonly string[]) => void;
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, Entry<V>>();

  constructor({ capacity, onChange = () => undefined }: LeaseCacheOptions) {
    this.#capacity = capacity;
    this.#onChange = onChange;
  }

  /** The value of `key`, loaded by `load` unless it is held. A failed load is forgotten, so that the next tries again. */
  async acquire(key: string, load: () => Promise<V>): Promise<Lease<V>> {
    const entry = this.#entries.get(key) ?? { loading: load(), users: 0 };
    entry.users++;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    try {
      const value = await entry.loading;
      this.#onChange([...this.#entries.keys()]);
      let held = true;
      const release = (): void => {
        if (held) entry.users--;
        held = false;
        this.#evict();
      };
      return { value, release };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Closes every value that is held. */
  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(async ({ loading }) => (await loading).close()));
  }

  #evict(): void {
    for (const [key, { loading, users }] of this.#entries) {
      if (this.#entries.size <= this.#capacity) return;
      if (users > 0) continue;
      this.#entries.delete(key);
      void loading.then((value) => value.close());
      this.#onChange([...this.#entries.keys()]);
    }
  }
}
