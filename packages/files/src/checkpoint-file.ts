import { rm } from 'node:fs/promises';

import { readIfThere, writeWhole } from './whole-file.js';

/** The state of long work in one file, so that what was killed goes on where it was. */
export class CheckpointFile {
  readonly #path: string;
  readonly #every: number;

  /** @param every steps between two saves: what a kill costs, at most */
  constructor(path: string, every: number) {
    this.#path = path;
    this.#every = every;
  }

  isDue(step: number): boolean {
    return step % this.#every === 0;
  }

  /** The last state that was saved; undefined without any. */
  load(): Promise<Uint8Array | undefined> {
    return readIfThere(this.#path);
  }

  /** Replaces the state before in one move: a kill leaves one or the other. */
  save(bytes: Uint8Array): Promise<void> {
    return writeWhole(this.#path, bytes);
  }

  /** The work has ended: nothing will go on from here. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
