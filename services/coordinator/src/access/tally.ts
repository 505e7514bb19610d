import { UnpairError } from '@unpair/errors';

/** How many of something each tenant has open. */
export class Tally {
  readonly #what: string;
  readonly #most: number;
  readonly #open = new Map<string, number>();

  constructor(what: string, most: number) {
    this.#what = what;
    this.#most = most;
  }

  /** @throws UnpairError RESOURCE_EXHAUSTED where the tenant has as many open as it may */
  async during<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    this.#enter(tenant);
    try {
      return await work();
    } finally {
      this.#leave(tenant);
    }
  }

  /** The same, for as long as items are taken. */
  async *along<T>(tenant: string, items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    this.#enter(tenant);
    try {
      yield* items;
    } finally {
      this.#leave(tenant);
    }
  }

  #enter(tenant: string): void {
    const open = this.#open.get(tenant) ?? 0;
    if (open >= this.#most) {
      const message = `The tenant ${tenant} has ${open} ${this.#what} open, and may have ${this.#most} at a time; try again.`;
      throw new UnpairError('RESOURCE_EXHAUSTED', message);
    }
    this.#open.set(tenant, open + 1);
  }

  #leave(tenant: string): void {
    const open = (this.#open.get(tenant) ?? 1) - 1;
    if (open === 0) this.#open.delete(tenant);
    else this.#open.set(tenant, open);
  }
}
