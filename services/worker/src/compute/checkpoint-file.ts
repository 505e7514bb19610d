import type { DeriveTask } from '@unpair/protocol';
import type { Checkpoints } from '@unpair/training';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Steps between two checkpoints: what a kill costs, at most. */
const STEPS = 50;
/** Raised when what is kept changes, so that no version takes up what another has left. */
const FORMAT = 2;

/**
 * The state of a training task on this machine's disk, so that a task that comes back after its process was killed
 * goes on where it was. The file is named after everything that decides the task's result.
 */
export class CheckpointFile implements Checkpoints {
  readonly every = STEPS;
  readonly #path: string;

  constructor(folder: string, task: DeriveTask, seed: number) {
    const { kind, of, from, parameters, calibration, heldOut } = task;
    const made = [kind, of?.digest, from?.digest, parameters, calibration, heldOut];
    const identity = JSON.stringify([FORMAT, ...made, seed]);
    this.#path = join(folder, createHash('sha256').update(identity).digest('hex'));
  }

  async load(): Promise<Uint8Array | undefined> {
    return readFile(this.#path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
  }

  /** Replaces the state before in one move: a kill leaves one or the other. */
  async save(bytes: Uint8Array): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const fresh = `${this.#path}.${process.pid}`;
    await writeFile(fresh, bytes);
    await rename(fresh, this.#path);
  }

  /** The task has ended: nothing will go on from here. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
