import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import type { Recipe } from '@unpair/robustness';
import { BUILD_OPSET, decodeModel, encodeModel, float32, int64 } from '@unpair/graph';
import type { Graph, Tensor } from '@unpair/graph';
import { CliError } from '../failure.js';
import { writeWholeFile } from '../whole-file.js';

/** Everything that training changes, so that it can go on from here to the same bits. */
export interface TrainingState {
  /** Steps done, over all epochs. */
  step: number;
  /** Flat, as the training step lays them out. */
  readonly weights: Float32Array;
  readonly momentum: Float32Array;
  /** Running normalization statistics, flat. */
  readonly statistics: Float32Array;
}

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
  const initializers = new Map<string, Tensor>([
    ['step', int64([1], [state.step])],
    ['weights', float32([state.weights.length], Float32Array.from(state.weights))],
    ['momentum', float32([state.momentum.length], state.momentum)],
    ['statistics', float32([state.statistics.length], state.statistics)],
  ]);
  // A model has outputs; these are its constants.
  const outputs = Array.from(initializers, ([name, { dataType, shape }]) => ({ name, dataType, shape }));
  const graph: Graph = { name: owner, opset: BUILD_OPSET, inputs: [], outputs, initializers, nodes: [] };
  await writeWholeFile(path, encodeModel(graph));
}

/**
 * Loads a checkpoint into `state`; false where there is none.
 *
 * @throws {CliError} FAILED_PRECONDITION when it belongs to another recipe or other data.
 */
export async function readCheckpoint(path: string, owner: string, state: TrainingState): Promise<boolean> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes === undefined) return false;
  const { name, initializers } = decodeModel(bytes);
  if (name !== owner) {
    throw new CliError(
      'FAILED_PRECONDITION',
      `${path} belongs to another recipe or data set; remove it to start afresh`,
    );
  }
  const step = initializers.get('step');
  state.step = step?.dataType === 'int64' ? Number(step.data[0]) : 0;
  restore(state.weights, initializers.get('weights'));
  restore(state.momentum, initializers.get('momentum'));
  restore(state.statistics, initializers.get('statistics'));
  return true;
}

/** Forgets the checkpoint: the model itself is written. */
export async function removeCheckpoint(path: string): Promise<void> {
  await rm(path, { force: true });
}

function restore(into: Float32Array, from: Tensor | undefined): void {
  if (from?.dataType !== 'float32' || from.data.length !== into.length) {
    throw new CliError('DATA_LOSS', 'the checkpoint is damaged; remove it to start afresh');
  }
  into.set(from.data);
}
