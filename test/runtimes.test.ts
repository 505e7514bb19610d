import { readFileSync, readdirSync } from 'node:fs';
import type { Executable, Graph, Runtime, Tensor, Tensors } from '@unpair/graph';
import {
  LABELS,
  bindDims,
  decodeModel,
  float32,
  foldBatchNormalization,
  lossAndInputGradient,
} from '@unpair/graph';
import { argmax, createDifferentiableClassifier } from '@unpair/classifiers';
import { attacks, runAttack } from '@unpair/attacks';
import { buildArchitecture, buildTrainingStep, normalInitializer } from '@unpair/training';
import { createRandom } from '@unpair/numerics';
import { createOnnxRuntime, createRuntime } from '@unpair/runtime';
import { beforeAll, describe, expect, it } from 'vitest';

/** What a user gets from a model must not depend on which runtime executes it, beyond rounding. */

const trained = (name: string): Graph =>
  decodeModel(readFileSync(new URL(`../models/${name}`, import.meta.url)));

const half = [0.5, 0.5, 0.5];
const IMAGE = { image: [3, 32, 32], classes: 10, mean: half, deviation: half } as const;
const mobileNet = (): Graph => buildArchitecture('mobilenet-v2', {}, IMAGE, normalInitializer(1));

const onnxruntime = createOnnxRuntime();
let tensorflow: Runtime;
beforeAll(async () => {
  tensorflow = await createRuntime('tensorflow', { backend: 'wasm' });
});

function images(count: number): Tensor<'float32'> {
  const data = new Float32Array(count * 3 * 32 * 32);
  const random = createRandom({ seed: 5, cell: 'runtimes', sample: 0 });
  return float32(
    [count, 3, 32, 32],
    data.map(() => random.uniform()),
  );
}

function labels(count: number): Tensor<'float32'> {
  const data = new Float32Array(count * 10);
  for (let row = 0; row < count; row++) data[row * 10 + (row % 10)] = 1;
  return float32([count, 10], data);
}

async function runOn(runtime: Runtime, graph: Graph, feeds: Tensors): Promise<Tensors> {
  const executable = await runtime.load(graph);
  try {
    return await executable.run(feeds);
  } finally {
    await executable.close();
  }
}

/** Rows of a batch, each as a tensor. */
function samplesOf(batch: Tensor | undefined): readonly Tensor<'float32'>[] {
  if (batch?.dataType !== 'float32') throw new TypeError('the graph gives no float32 gradient');
  const [count = 0, ...shape] = batch.shape;
  const size = batch.data.length / count;
  return Array.from({ length: count }, (_, i) => float32(shape, batch.data.slice(i * size, (i + 1) * size)));
}

/** Largest difference, of the largest magnitude. */
function difference(actual: Tensor | undefined, expected: Tensor): number {
  const numbers = (tensor: Tensor): number[] => Array.from(tensor.data as ArrayLike<number>);
  if (actual === undefined) return Infinity;
  const [got, wanted] = [numbers(actual), numbers(expected)];
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - (got[i] ?? Infinity))), 0) / scale;
}

async function expectAgreement(graph: Graph, feeds: Tensors, tolerance: number): Promise<void> {
  const expected = await runOn(onnxruntime, graph, feeds);
  const actual = await runOn(tensorflow, graph, feeds);
  for (const [name, tensor] of Object.entries(expected)) {
    expect(difference(actual[name], tensor), name).toBeLessThan(tolerance);
  }
}

const MODELS: readonly (readonly [string, () => Graph])[] = [
  ...readdirSync(new URL('../models/', import.meta.url))
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => [name, () => trained(name)] as const),
  ['MobileNetV2 with fresh weights', mobileNet],
];

describe.each(MODELS)('%s on tensorflow and on onnxruntime', (_, build) => {
  it('gives the same logits', async () => {
    await expectAgreement(build(), { input: images(5) }, 1e-5);
  });

  it('gives the same input gradients', async () => {
    const { graph, gradient } = lossAndInputGradient(foldBatchNormalization(build()), 'cross-entropy');
    const feeds = { input: images(5), [LABELS]: labels(5) };
    const expected = (await runOn(onnxruntime, graph, feeds))[gradient];
    const actual = (await runOn(tensorflow, graph, feeds))[gradient];
    const differences = samplesOf(expected).map((sample, i) => difference(samplesOf(actual)[i], sample));
    // Rounding moves single activations of fresh weights across a bound, which changes the derivative there.
    expect(differences.filter((value) => value < 1e-4).length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...differences)).toBeLessThan(0.05);
  });
});

it('gives the same gradients of all weights in a training step', async () => {
  const model = trained('cifar10-resnet20.onnx');
  const step = buildTrainingStep(model, 4);
  const weights = step.weights.map(({ name }) => [name, model.initializers.get(name)] as const);
  const feeds = { input: images(4), [LABELS]: labels(4) };
  const known = weights.flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tensor] as const]));
  // Sums over all pixels of what nearly cancels.
  await expectAgreement(step.graph, { ...feeds, ...Object.fromEntries(known) }, 5e-3);
});

it('fools the same samples by PGD', async () => {
  const definition = attacks.get('pgd');
  if (definition === undefined) throw new Error('there is no PGD');
  const samples = async (runtime: Runtime): Promise<readonly boolean[]> => {
    const surrogate = await createDifferentiableClassifier({
      graph: trained('cifar10-resnet20.onnx'),
      runtime,
    });
    const target = await createDifferentiableClassifier({ graph: trained('cifar10-stranger.onnx'), runtime });
    const inputs = images(16).data;
    const clean = await target.logits(inputs, 16);
    const attempts = await runAttack({
      definition,
      parameters: { steps: 4 },
      target,
      surrogates: [surrogate],
      samples: Array.from({ length: 16 }, (_, index) => ({
        index,
        input: inputs.slice(index * 3072, (index + 1) * 3072),
        label: argmax(clean.subarray(index * 10, (index + 1) * 10)),
      })),
      threat: { norm: 'linf', epsilon: 4 / 255 },
      seed: 3,
      cell: 'runtimes',
      batchSize: 16,
    });
    await Promise.all([surrogate.close(), target.close()]);
    return attempts.map(({ success }) => success);
  };
  const [reference, actual] = [await samples(onnxruntime), await samples(tensorflow)];
  // Rounding may decide a sample on the border; not more.
  expect(reference.filter((success, i) => success !== actual[i]).length).toBeLessThanOrEqual(1);
  expect(reference).toContain(true);
  expect(reference).toContain(false);
});

describe('memory on the device', () => {
  const tensorCount = async (): Promise<number> =>
    (await import('@tensorflow/tfjs-core')).memory().numTensors;

  function small(): Graph {
    const model = trained('cifar10-resnet20.onnx');
    return lossAndInputGradient(foldBatchNormalization(bindDims(model, { N: 1 })), 'cross-entropy').graph;
  }

  it('does not grow over runs, and is free after the graph is closed', async () => {
    const before = await tensorCount();
    const executable: Executable = await tensorflow.load(small());
    const feeds = { input: images(1), [LABELS]: labels(1) };
    await executable.run(feeds);
    const after = await tensorCount();
    for (let run = 0; run < 20; run++) await executable.run(feeds);
    expect(await tensorCount()).toBe(after);
    await executable.close();
    expect(await tensorCount()).toBe(before);
  });
});
