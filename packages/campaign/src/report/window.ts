/** Results of work that goes on elsewhere, in the order in which it began; at most so many at once. */
export class Window<T> {
  readonly #most: number;
  readonly #results: Promise<T>[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Waits where as many are under way as may be. @throws what an earlier one failed of */
  async add(result: Promise<T>): Promise<void> {
    // Whoever waits for it later finds that it failed.
    result.catch(() => undefined);
    this.#results.push(result);
    await this.#results.at(-this.#most);
  }

  all(): Promise<readonly T[]> {
    return Promise.all(this.#results);
  }
}
