import { CheckpointFile } from '@unpair/files';
import type { DeriveTask } from '@unpair/protocol';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Steps between two checkpoints. */
const STEPS = 50;
/** Raised when what is kept changes, so that no version takes up what another has left. */
const FORMAT = 2;

/**
 * Where the training of a task keeps its state on this machine's disk, so that a task that comes back after its process
 * was killed goes on where it was. The file is named after everything that decides the task's result.
 */
export function checkpointOf(task: DeriveTask, seed: number, folder: string): CheckpointFile {
  const { kind, of, from, parameters, calibration, heldOut } = task;
  const made = [kind, of?.digest, from?.digest, parameters, calibration, heldOut];
  const identity = JSON.stringify([FORMAT, ...made, seed]);
  return new CheckpointFile(join(folder, createHash('sha256').update(identity).digest('hex')), STEPS);
}
