import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { UnpairError } from '@unpair/errors';
import type { Recipe, TrainingState } from '@unpair/training';
import { decodeState, encodeState } from '@unpair/training';
import { writeWhole } from '@unpair/files';

/** Identifies what a checkpoint belongs to: a recipe and the data that it was trained on. */
export function fingerprint(
  recipe: Recipe,
  samples: { readonly name: string; readonly count: number },
): string {
  const text = JSON.stringify([recipe, samples.name, samples.count]);
  return createHash('sha256').update(text).digest('hex');
}

/** Saves the state beside the output, as an ONNX file without nodes; replaces the one before in one move. */
export async function writeCheckpoint(path: string, owner: string, state: TrainingState): Promise<void> {
  await writeWhole(path, encodeState(owner, state));
}

/**
 * Loads a checkpoint into `state`; false where there is none.
 *
 * @throws {UnpairError} FAILED_PRECONDITION when it belongs to another recipe or other data.
 */
export async function readCheckpoint(path: string, owner: string, state: TrainingState): Promise<boolean> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes === undefined) return false;
  if (decodeState(bytes, owner, state)) return true;
  throw new UnpairError(
    'FAILED_PRECONDITION',
    `${path} belongs to another recipe or data set; remove it to start afresh`,
  );
}

/** Forgets the checkpoint: the model itself is written. */
export async function removeCheckpoint(path: string): Promise<void> {
  await rm(path, { force: true });
}
