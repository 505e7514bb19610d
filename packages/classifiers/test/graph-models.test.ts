import type { Dim, Graph, Runtime } from '@unpair/graph';
import { GraphBuilder, ModelError, float32, int, ints } from '@unpair/graph';
import type { AlignmentRow } from '@unpair/measurements';
import type { DifferentiableClassifier, Objective, Sample } from '@unpair/classifiers';
import {
  argmax,
  createClassifier,
  createDifferentiableClassifier,
  createFeatureExtractor,
  crossEntropy,
} from '@unpair/classifiers';
import { attacks, runAttack } from '@unpair/attacks';
import { createRandom } from '@unpair/numerics';
import { measureAccuracy, measureAlignment, measureSimilarity, resampledCka } from '@unpair/measurements';
import { createOnnxRuntime } from '@unpair/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SIZE = 3 * 8 * 8;
let runtime: Runtime;
let target: DifferentiableClassifier;
let surrogate: DifferentiableClassifier;
let samples: readonly Sample[];

function normals(name: string, shape: readonly number[], scale: number): ReturnType<typeof float32> {
  const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  createRandom({ seed: 2, cell: name, sample: 0 }).fillNormal(data);
  return float32(
    shape,
    data.map((value) => value * scale),
  );
}

interface Variant {
  readonly ending?: 'logits' | 'softmax';
  readonly batch?: Dim;
}

/** A small convolutional classifier; `noise` moves its weights away from those of noise 0. */
function network(noise: number, { ending = 'logits', batch = 'N' }: Variant = {}): Graph {
  const builder = new GraphBuilder('network');
  const weight = (name: string, shape: readonly number[], scale: number): string => {
    const [base, other] = [normals(name, shape, scale), normals(`${name}/noise`, shape, scale * noise)];
    return builder.initializer(
      name,
      float32(
        shape,
        base.data.map((value, i) => value + (other.data[i] ?? 0)),
      ),
    );
  };
  const input = builder.input('input', 'float32', [batch, 3, 8, 8]);
  const pads = { pads: ints([1, 1, 1, 1]) };
  const first = builder.node('Relu', [builder.node('Conv', [input, weight('a', [16, 3, 3, 3], 0.4)], pads)]);
  const second = builder.node('Relu', [
    builder.node('Conv', [first, weight('b', [16, 16, 3, 3], 0.2)], pads),
  ]);
  const flat = builder.node('Flatten', [second]);
  const logits = builder.node('MatMul', [flat, weight('c', [16 * 64, 5], 0.1)]);
  const output = ending === 'logits' ? logits : builder.node('Softmax', [logits]);
  builder.output(output, 'float32', [batch, 5]);
  return builder.build();
}

beforeAll(async () => {
  runtime = createOnnxRuntime();
  target = await createDifferentiableClassifier({ graph: network(0), runtime });
  surrogate = await createDifferentiableClassifier({ graph: network(0.4), runtime });
  samples = await Promise.all(
    Array.from({ length: 24 }, async (_, index) => {
      const random = createRandom({ seed: 2, cell: 'samples', sample: index });
      const input = Float32Array.from({ length: SIZE }, () => random.uniform());
      return { index, input, label: argmax(await target.logits(input, 1)) };
    }),
  );
});

afterAll(async () => {
  await Promise.all([target.close(), surrogate.close()]);
});

test('a softmax at the end is left out: the logits are what goes into it', async () => {
  const plain = await createClassifier({ graph: network(0), runtime });
  const capped = await createClassifier({ graph: network(0, { ending: 'softmax' }), runtime });
  const input = samples[0]?.input ?? new Float32Array(SIZE);
  expect(await capped.logits(input, 1)).toEqual(await plain.logits(input, 1));
  expect(capped.classes).toBe(5);
  expect(capped.shape).toEqual([3, 8, 8]);
  await Promise.all([plain.close(), capped.close()]);
});

test('loss and gradient are those of the cross-entropy, by central differences of the logits', async () => {
  const input = samples[1]?.input ?? new Float32Array(SIZE);
  const label = 2;
  const objective = { kind: 'cross-entropy', labels: Int32Array.of(label) } as const;
  const { values, gradients, logits } = await surrogate.gradients(input, objective, 1);
  expect(values[0]).toBeCloseTo(crossEntropy(logits, label), 4);
  for (const at of [0, 77, 191]) {
    const lossAt = async (step: number): Promise<number> => {
      const moved = input.slice();
      moved[at] = (moved[at] ?? 0) + step;
      return crossEntropy(await surrogate.logits(moved, 1), label);
    };
    const slope = ((await lossAt(1e-3)) - (await lossAt(-1e-3))) / 2e-3;
    expect(Math.abs((gradients[at] ?? 0) - slope)).toBeLessThan(0.01 * Math.max(1, Math.abs(slope)));
  }
});

test('a combination of logits has its own value and gradient for every input', async () => {
  const inputs = Float32Array.from(samples.slice(0, 2).flatMap(({ input }) => [...input]));
  const weights = Float32Array.of(0, 1, 0, -1, 0, 0.5, 0, 0, 0, -2);
  const { values, gradients, logits } = await surrogate.gradients(
    inputs,
    { kind: 'combination', weights },
    2,
  );
  const summed = (row: number, all: Float32Array): number =>
    [0, 1, 2, 3, 4].reduce((sum, k) => sum + (weights[row * 5 + k] ?? 0) * (all[k] ?? 0), 0);
  for (const row of [0, 1]) {
    expect(values[row]).toBeCloseTo(summed(row, logits.subarray(row * 5)), 4);
    const at = 77;
    const valueAt = async (step: number): Promise<number> => {
      const moved = inputs.slice(row * SIZE, (row + 1) * SIZE);
      moved[at] = (moved[at] ?? 0) + step;
      return summed(row, await surrogate.logits(moved, 1));
    };
    const slope = ((await valueAt(1e-3)) - (await valueAt(-1e-3))) / 2e-3;
    expect(Math.abs((gradients[row * SIZE + at] ?? 0) - slope)).toBeLessThan(
      0.01 * Math.max(1, Math.abs(slope)),
    );
  }
});

test.each(['pgd', 'mi-fgsm', 'rgf', 'p-rgf', 'square'])(
  '%s on onnxruntime: rows are bit-identical for any batch size and sharding',
  async (name) => {
    const definition = attacks.get(name);
    if (definition === undefined) throw new Error(`no attack ${name}`);
    const run = (batchSize: number, from: number, to: number): ReturnType<typeof runAttack> =>
      runAttack({
        definition,
        parameters: definition.budget !== null ? { budget: 150 } : {},
        target,
        surrogates: [surrogate],
        samples: samples.slice(from, to),
        threat: { norm: 'l2', epsilon: 0.6 },
        seed: 7,
        cell: `graphs/${name}`,
        batchSize,
      });
    const whole = await run(64, 0, 24);
    expect(whole.filter(({ success }) => success).length).toBeGreaterThan(2);
    expect([...(await run(5, 0, 9)), ...(await run(17, 9, 24))]).toEqual(whole);
    expect(await run(1, 0, 24)).toEqual(whole);
  },
);

test('a model is perfectly similar to itself, and less so to its sibling', async () => {
  const threat = { norm: 'linf', epsilon: 0.03 } as const;
  const common = { inputs: 'adversarial', threat, seed: 7 } as const;
  const itself = await measureSimilarity([target], target, samples, { ...common, batchSize: 7 });
  const sibling = await measureSimilarity([surrogate], target, samples, { ...common, batchSize: 7 });
  expect(itself.map(({ sample }) => sample)).toEqual(samples.map(({ index }) => index));
  for (const row of itself) {
    expect(row.cosine).toBeCloseTo(1, 6);
    expect(row).toMatchObject({ agree: true, targetNorm: row.surrogateNorm });
  }
  expect(sibling.every(({ cosine }) => cosine < 0.999)).toBe(true);
  expect(await measureSimilarity([surrogate], target, samples, { ...common, batchSize: 24 })).toEqual(
    sibling,
  );
});

test('penultimate features are those that the last layer maps to the logits', async () => {
  const extractor = await createFeatureExtractor({ graph: network(0, { ending: 'softmax' }), runtime });
  const input = samples[0]?.input ?? new Float32Array(SIZE);
  const features = (await extractor?.features(input, 1)) ?? new Float32Array();
  expect(features).toHaveLength(16 * 64);
  const weights = normals('c', [16 * 64, 5], 0.1).data;
  const logits = await target.logits(input, 1);
  logits.forEach((logit, k) => {
    const sum = features.reduce((total, value, at) => total + value * (weights[at * 5 + k] ?? 0), 0);
    expect(sum).toBeCloseTo(logit, 3);
  });
  await extractor?.close();
  expect(
    await createFeatureExtractor({ graph: pooling('Relu'), runtime, images: [3, 1, 1] }),
  ).toBeUndefined();
});

test('features of a model align with themselves, and less with those of its sibling, for any batch size', async () => {
  const [own, other] = await Promise.all(
    [0, 0.4].map((noise) => createFeatureExtractor({ graph: network(noise), runtime })),
  );
  if (own === undefined || other === undefined) throw new Error('networks have features');
  const cka = (rows: readonly AlignmentRow[]): number => resampledCka(rows)(Uint32Array.of(1, 1));
  const sibling = await measureAlignment(other, own, samples, { batchSize: 64 });
  expect(sibling.map(({ sample }) => sample)).toEqual([0, 16]);
  expect(cka(await measureAlignment(own, own, samples, { batchSize: 64 }))).toBeCloseTo(1, 12);
  expect(cka(sibling)).toBeLessThan(0.99);
  expect(cka(sibling)).toBeGreaterThan(0.3);
  expect(await measureAlignment(other, own, samples, { batchSize: 5 })).toEqual(sibling);
  await Promise.all([own.close(), other.close()]);
});

test('accuracy compares predictions with labels', async () => {
  const rows = await measureAccuracy(target, samples, { batchSize: 10 });
  expect(rows.every(({ label, predicted }) => label === predicted)).toBe(true);
  expect(rows.map(({ sample }) => sample)).toEqual(samples.map(({ index }) => index));
});

test('a graph that is no image classifier is refused by name and shape', async () => {
  const builder = new GraphBuilder('table');
  builder.output(builder.node('Relu', [builder.input('x', 'float32', ['N', 4])]), 'float32', ['N', 4]);
  const refusal = createClassifier({ graph: builder.build(), runtime });
  await expect(refusal).rejects.toThrow(ModelError);
  await expect(refusal).rejects.toThrow('model "table" has float32 [N, 4]');
});

test('a graph made for batches of four takes seven inputs, and answers as the same graph with an open batch', async () => {
  const fixed = await createDifferentiableClassifier({ graph: network(0, { batch: 4 }), runtime });
  const inputs = new Float32Array(7 * SIZE);
  samples.slice(0, 7).forEach(({ input }, row) => {
    inputs.set(input, row * SIZE);
  });
  const objective = { kind: 'cross-entropy', labels: Int32Array.of(0, 1, 2, 3, 4, 0, 1) } as const;
  expect(await fixed.logits(inputs, 7)).toEqual(await target.logits(inputs, 7));
  expect(await fixed.gradients(inputs, objective, 7)).toEqual(await target.gradients(inputs, objective, 7));
  await fixed.close();
});

/** Means of the operator's results over each of three channels: takes images of any size. */
function pooling(operator: 'Relu' | 'Mod', classes: Dim = 3): Graph {
  const builder = new GraphBuilder('pooling');
  const input = builder.input('input', 'float32', ['N', 3, 'H', 'W']);
  const operands = operator === 'Mod' ? [input, builder.scalar(2)] : [input];
  const pooled = builder.node('GlobalAveragePool', [
    builder.node(operator, operands, operator === 'Mod' ? { fmod: int(1) } : {}),
  ]);
  builder.output(builder.node('Flatten', [pooled]), 'float32', ['N', classes]);
  return builder.build();
}

const crossEntropyOf = (label: number): Objective => ({
  kind: 'cross-entropy',
  labels: Int32Array.of(label),
});

test('the size of the images may be left to whoever uses the graph', async () => {
  const graph = pooling('Relu');
  await expect(createClassifier({ graph, runtime })).rejects.toThrow(
    'input [N, C, H, W] of known C, H and W; model "pooling" has float32 [N, 3, H, W]',
  );
  const sized = await createDifferentiableClassifier({ graph, runtime, images: [3, 1, 2] });
  const inputs = Float32Array.of(0, 1, 2, 3, 4, 5);
  expect(sized.shape).toEqual([3, 1, 2]);
  expect(await sized.logits(inputs, 1)).toEqual(Float32Array.of(0.5, 2.5, 4.5));
  const { gradients } = await sized.gradients(inputs, crossEntropyOf(2), 1);
  expect(gradients).toHaveLength(6);
  await expect(sized.gradients(inputs, crossEntropyOf(3), 1)).rejects.toThrow(
    'label 0 of 1 is 3, but must be 0 to 2',
  );
  await sized.close();
});

test('a graph without a derivative is classifier enough to be a target', async () => {
  const running = await createDifferentiableClassifier({
    graph: pooling('Mod'),
    runtime,
    images: [3, 1, 1],
  });
  const inputs = Float32Array.of(0, 1, 3);
  expect(await running.logits(inputs, 1)).toEqual(Float32Array.of(0, 1, 1));
  await expect(running.gradients(inputs, crossEntropyOf(0), 1)).rejects.toThrow('Mod');
  await running.close();
});

test('a graph that leaves its classes open is refused', async () => {
  const refusal = createClassifier({ graph: pooling('Relu', 'K'), runtime, images: [3, 1, 1] });
  await expect(refusal).rejects.toThrow('of model "pooling" does not say how many classes there are');
});

test('NaN or infinite entries of a gradient are 0, and counted; others are what they were', async () => {
  const shape = ['N', 1, 2, 2] as const;
  const model = (before: (builder: GraphBuilder, x: string) => string): Graph => {
    const builder = new GraphBuilder('roots');
    const flat = builder.node('Flatten', [before(builder, builder.input('x', 'float32', shape))]);
    const weights = builder.initializer('w', float32([4, 2], [1, -1, 2, 0, -1, 3, 0, 1]));
    builder.output(builder.node('MatMul', [flat, weights]), 'float32', ['N', 2]);
    return builder.build();
  };
  const squaredRoots = model((builder, x) => {
    const root = builder.node('Sqrt', [x]);
    return builder.node('Mul', [root, root]);
  });
  const inputs = Float32Array.of(0, 0.25, 1, 0, 0.25, 1, 0.0625, 0.25);
  const objective = { kind: 'cross-entropy', labels: Int32Array.of(0, 1) } as const;
  const plain = await createDifferentiableClassifier({ graph: model((_, x) => x), runtime });
  const roots = await createDifferentiableClassifier({ graph: squaredRoots, runtime });
  const expected = await plain.gradients(inputs, objective, 2);
  const { gradients, invalid } = await roots.gradients(inputs, objective, 2);
  expect(invalid).toEqual(Int32Array.of(2, 0));
  expect(expected.invalid).toEqual(Int32Array.of(0, 0));
  gradients.forEach((value, i) => {
    expect(value).toBeCloseTo(i === 0 || i === 3 ? 0 : (expected.gradients[i] ?? NaN), 5);
  });
  await Promise.all([plain.close(), roots.close()]);
});
