import { extname } from 'node:path';

import { UnpairError } from '@unpair/errors';
import type { Json } from '@unpair/campaign';
import { canonicalJson } from '@unpair/campaign';
import type { SampleSet, Split } from '@unpair/datasets';
import { loadDataset, slice } from '@unpair/datasets';
import { CheckpointFile, writeWhole } from '@unpair/files';
import type { ModelOptions } from '@unpair/graph';
import { encodeModel, summarizeModel } from '@unpair/graph';
import { digestOf } from '@unpair/platform';
import type { SiblingDefinition } from '@unpair/training';
import type { Parameters } from '@unpair/parameters';
import { deriveSibling, sampleDemand } from '@unpair/siblings';
import { createRuntime } from '@unpair/runtime';
import { stringify } from 'yaml';

import type { CommandContext } from '../context.js';
import { misfitOf } from '../models/misfit.js';
import type { ModelFile } from '../models/read-model.js';
import { readModel } from '../models/read-model.js';
import { assertOutputFile, assertOverwritesNone } from '../output-file.js';
import { flagOf } from './flag.js';
import { progressReporter } from './progress-reporter.js';

/** Everything that a sibling is made of, as the command line gives it. */
export interface SiblingOrder {
  readonly definition: SiblingDefinition;
  /** Path of the model to derive from. */
  readonly model: string;
  /** Path of the full model that it is to differ from, to be mixed with or to imitate; absent for ways that have none. */
  readonly target?: string | undefined;
  readonly out: string;
  readonly dataset: string;
  readonly seed: number;
  readonly threads: number;
  readonly parameters: Parameters;
  /** What the user says of the model files; absent where nothing. */
  readonly options?: ModelOptions | undefined;
}

/** Steps between two checkpoints. */
const CHECKPOINT_STEPS = 100;

/**
 * Makes a sibling in this process and writes it with its recipe beside it. Training that is interrupted goes on where it
 * was when the same command is run again.
 */
export async function makeSibling(order: SiblingOrder, context: CommandContext): Promise<void> {
  const { definition, out, threads, seed, parameters } = order;
  const { terminal, signal } = context;
  await assertOutput(order);
  const samples = await trainingSamples(order, context);
  const heldOut = await heldOutSamples(order, context);
  const { digest, path, graph } = await readParent(order.model, order, samples);
  const target = order.target === undefined ? undefined : await readParent(order.target, order, samples);
  for (const model of [{ path, graph }, ...(target === undefined ? [] : [target])]) {
    const misfit = misfitOf(model.graph, samples);
    if (misfit !== undefined) throw new UnpairError('INVALID_ARGUMENT', `${model.path} ${misfit}`);
  }
  const recipe = recipeOf(order, digest, target?.digest, samples);
  const checkpoints = new CheckpointFile(checkpointPath(out, recipe), CHECKPOINT_STEPS);
  const progress = terminal.progress();
  try {
    const runtime = await createRuntime();
    let queries = 0;
    const onStep = progressReporter(
      (state) => {
        progress.update(state);
      },
      () => performance.now(),
    );
    const request = {
      ...{ graph, target: target?.graph, runtime, threads, samples, heldOut, parameters, seed },
      ...{ checkpoints, onStep, signal },
      onQueries: (count: number) => {
        queries += count;
      },
    };
    const sibling = await deriveSibling(definition, request);
    const file = encodeModel(sibling);
    await writeWhole(out, file);
    await writeWhole(recipePath(out), new TextEncoder().encode(stringify(recipe)));
    await checkpoints.remove();
    progress.end();
    const { parameters: weights, nonZero, macs } = summarizeModel(sibling);
    const numbers = [weights, nonZero, macs ?? NaN, file.length].map((count) => count.toLocaleString('en'));
    const [all, left, operations, size] = numbers;
    terminal.print(`${out}: ${all} weights, ${left} not zero, ${operations} MACs a sample, ${size} bytes`);
    if (queries > 0)
      terminal.print(`it took ${queries.toLocaleString('en')} queries to ${order.target ?? ''}`);
  } catch (error) {
    if (signal.aborted) throw new UnpairError('CANCELLED', `${out} is not finished; run it again to go on`);
    throw error;
  } finally {
    progress.end();
  }
}

/** Both files that are written: the sibling and its recipe. */
async function assertOutput({ out, model, target, dataset }: SiblingOrder): Promise<void> {
  const inputs = { 'the model': model, '--target': target, '--dataset': dataset };
  for (const file of [out, recipePath(out)]) {
    await assertOutputFile('--out', file);
    await assertOverwritesNone('--out', file, inputs);
  }
}

/**
 * Reads a model to derive from. Files of other formats than ONNX mostly take other pixels than the data has, which the
 * files do not tell: a sibling would be calibrated and trained on what the model never sees, so that it must be said.
 */
async function readParent(path: string, { options }: SiblingOrder, { shape }: SampleSet): Promise<ModelFile> {
  const model = await readModel(path, options ?? {}, shape);
  if (model.format === 'onnx' || options !== undefined) return model;
  const format = model.format === 'tflite' ? 'TFLite file' : 'TensorFlow.js model';
  const allowed =
    'what it takes for black and white must be said: --range 0,255 or --range 0,1 or --range -1,1';
  throw new UnpairError('INVALID_ARGUMENT', `${path} is a ${format}, of which ${allowed}`);
}

async function trainingSamples(
  { definition, dataset, parameters }: SiblingOrder,
  { dataDir }: CommandContext,
): Promise<SampleSet> {
  const set = await loadDataset(dataset, 'train', { dataDir });
  const { needed, parameter, wanted } = sampleDemand(definition, parameters);
  assertHas(set, 'train', needed, parameter);
  return slice(set, 0, Math.min(wanted, set.count));
}

/** The last samples of the test split, as many as the parameters ask for; undefined for none. */
async function heldOutSamples(
  { definition, dataset, parameters }: SiblingOrder,
  { dataDir }: CommandContext,
): Promise<SampleSet | undefined> {
  const { heldOut } = sampleDemand(definition, parameters);
  if (heldOut === undefined) return undefined;
  const { count, parameter } = heldOut;
  const set = await loadDataset(dataset, 'test', { dataDir });
  if (set.split !== 'test') {
    const asked = `${flagOf(parameter)} asks for ${count} samples of the test split`;
    const wayOut = 'take them from the training samples';
    throw new UnpairError('INVALID_ARGUMENT', `${asked}, but ${set.name} has no splits: ${wayOut}`);
  }
  assertHas(set, 'test', count, parameter);
  return slice(set, set.count - count, count);
}

function assertHas({ name, count }: SampleSet, split: Split, needed: number, parameter: string): void {
  if (needed <= count) return;
  const allowed = `at most ${count}, the size of ${name} (${split})`;
  throw UnpairError.refusal({ field: flagOf(parameter), value: needed, allowed }, 'OUT_OF_RANGE');
}

type SiblingRecipe = Readonly<
  Record<string, string | number | Parameters | ModelOptions | Readonly<Record<string, string>>>
>;

/** What decides the sibling, to the last bit on one kind of processor. */
function recipeOf(
  order: SiblingOrder,
  sha256: string,
  targetDigest: string | undefined,
  { name, count }: SampleSet,
): SiblingRecipe {
  const { definition, model, target, seed, parameters, options } = order;
  return {
    sibling: definition.name,
    of: { file: model, sha256 },
    ...(target !== undefined &&
      targetDigest !== undefined && { from: { file: target, sha256: targetDigest } }),
    dataset: name,
    samples: count,
    seed,
    parameters,
    ...(options !== undefined && { options }),
  };
}

/** Training keeps its state beside the output, under the digest of what it belongs to. */
function checkpointPath(out: string, recipe: SiblingRecipe): string {
  const identity = digestOf(new TextEncoder().encode(canonicalJson(recipe as Json)));
  return `${out}.${identity.slice(0, 12)}.checkpoint`;
}

/** `int4.onnx` has its recipe in `int4.recipe.yaml`. */
function recipePath(out: string): string {
  return `${out.slice(0, out.length - extname(out).length)}.recipe.yaml`;
}
