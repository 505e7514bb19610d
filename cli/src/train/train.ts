import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { UnpairError } from '@unpair/errors';
import type { SampleSet } from '@unpair/datasets';
import { loadDataset } from '@unpair/datasets';
import type { Graph } from '@unpair/graph';
import { encodeModel } from '@unpair/graph';
import type { Recipe } from '@unpair/training';
import { buildArchitecture, normalInitializer, pixelStatistics } from '@unpair/training';
import { wilson } from '@unpair/numerics';
import type { CommandContext } from '../context.js';
import { countRight, predict } from '../models/predict.js';
import { assertOutputFile, assertOverwritesNone } from '../output-file.js';
import { writeWhole } from '@unpair/files';
import { readRecipe } from './recipe-file.js';
import { shareSamples } from './shared-samples.js';
import { trainRecipe } from './train-recipe.js';

/** Test images in one batch. */
const TEST_BATCH = 100;

export interface TrainOptions {
  /** File to write; by default the recipe's path with `.onnx`. */
  readonly out?: string;
  /** Threads to train on; by default one for each core. Never changes the result. */
  readonly workers?: number;
}

/**
 * `unpair train RECIPE`: trains a classifier and writes it as ONNX, then measures it on the test split. A checkpoint
 * beside the output is written after every epoch and when interrupted; the same command goes on from there.
 */
export async function runTrain(path: string, options: TrainOptions, context: CommandContext): Promise<void> {
  const { dataDir, signal, terminal } = context;
  const recipe = await readRecipe(path);
  const out = options.out ?? join(dirname(path), `${basename(path, extname(path))}.onnx`);
  await assertOutputFile('--out', out);
  await assertOverwritesNone('--out', out, { 'the recipe': path, 'the data set': recipe.dataset });
  const set = await loadDataset(recipe.dataset, 'train', { dataDir });
  const samples = shareSamples(set, checkedSamples(path, recipe, set));
  const checkpoint = `${out}.checkpoint`;
  const run = {
    ...{ recipe, samples, checkpoint, dataset: set.name },
    model: untrainedModel(path, recipe, { ...set, ...samples }),
    workers: options.workers ?? availableParallelism(),
  };
  const model = await trainRecipe(run, context);
  await writeWhole(out, encodeModel(model));
  await rm(checkpoint, { force: true });
  const test = await loadDataset(recipe.dataset, 'test', { dataDir });
  const progress = terminal.progress();
  const rows = await predict(model, test, { batchSize: TEST_BATCH, threads: 1, signal, progress });
  const correct = countRight(rows);
  terminal.print(`${out}: ${describeAccuracy(correct, test.count)}`);
}

function checkedSamples(path: string, { samples, batch }: Recipe, set: SampleSet): number | null {
  const count = samples ?? set.count;
  if (count > set.count || count < batch) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `${path}: samples must be from ${batch} (one batch) to ${set.count} (all of ${set.name}), got ${count}`,
    );
  }
  return samples;
}

function untrainedModel(
  path: string,
  { architecture, seed }: Recipe,
  set: Pick<SampleSet, 'images' | 'shape' | 'classes'>,
): Graph {
  const shape = { image: set.shape, classes: set.classes, ...pixelStatistics(set.images, set.shape) };
  try {
    return buildArchitecture(architecture.name, architecture.options, shape, normalInitializer(seed));
  } catch (cause) {
    if (!(cause instanceof UnpairError)) throw cause;
    throw new UnpairError('INVALID_ARGUMENT', `${path}: ${cause.message}`, { cause });
  }
}

function describeAccuracy(correct: number, count: number): string {
  const { low, high } = wilson(correct, count);
  const percent = (fraction: number): string => (100 * fraction).toFixed(2);
  return `${percent(correct / count)} % of ${count} test images right (95 % interval ${percent(low)} to ${percent(high)} %)`;
}
