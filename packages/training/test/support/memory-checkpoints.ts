import type { Checkpoints } from '@unpair/training';

/** Keeps the last state of a run in memory. */
export class MemoryCheckpoints implements Checkpoints {
  readonly #every: number;
  #saved: Uint8Array | undefined;

  constructor(every: number) {
    this.#every = every;
  }

  isDue(step: number): boolean {
    return step % this.#every === 0;
  }

  load(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#saved);
  }

  save(bytes: Uint8Array): Promise<void> {
    this.#saved = bytes;
    return Promise.resolve();
  }
}
