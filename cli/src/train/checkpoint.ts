import { createHash } from 'node:crypto';
import { UnpairError } from '@unpair/errors';
import type { Checkpoints, Recipe } from '@unpair/training';
import { describeState } from '@unpair/training';

/** Identifies what a checkpoint belongs to: a recipe and the data that it was trained on. */
export function fingerprint(
  recipe: Recipe,
  samples: { readonly name: string; readonly count: number },
): string {
  const text = JSON.stringify([recipe, samples.name, samples.count]);
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Steps that are done in a checkpoint; undefined without one.
 * @throws {UnpairError} FAILED_PRECONDITION when it belongs to another recipe or other data.
 */
export async function stepsDone(
  path: string,
  checkpoint: Pick<Checkpoints, 'load'>,
  owner: string,
): Promise<number | undefined> {
  const bytes = await checkpoint.load();
  if (bytes === undefined) return undefined;
  const state = describeState(bytes);
  if (state.owner === owner) return state.step;
  throw new UnpairError(
    'FAILED_PRECONDITION',
    `${path} belongs to another recipe or data set; remove it to start afresh`,
  );
}
