import { CheckpointFile } from '@unpair/files';
import type { DeriveTask } from '@unpair/protocol';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Steps between two checkpoints, at most. */
const STEPS = 50;
/** Raised when what is kept changes, so that no version takes up what another has left. */
const FORMAT = 3;

/** Where the states of training are kept on this machine, and what computes them. */
export interface CheckpointPlace {
  readonly folder: string;
  /** What of a worker determines rows: another one would go on to other bits. */
  readonly engine: string;
}

/** Names the training of a task after everything that decides its result, so that it is the same on every machine. */
export function checkpointKey(task: DeriveTask, seed: number, engine: string): string {
  const { kind, of, from, parameters, calibration, heldOut } = task;
  const made = [kind, of?.digest, from?.digest, parameters, calibration, heldOut];
  const identity = JSON.stringify([FORMAT, engine, ...made, seed]);
  return createHash('sha256').update(identity).digest('hex');
}

/**
 * Where the training of a task keeps its state on this machine's disk, so that a task that comes back after its process
 * was killed goes on where it was; the agent carries it to the store, and from there, for other machines.
 */
export function checkpointOf(
  task: DeriveTask,
  seed: number,
  { folder, engine }: CheckpointPlace,
): CheckpointFile {
  return new CheckpointFile(join(folder, checkpointKey(task, seed, engine)), STEPS);
}
