import type { DifferentiableClassifier, Fusion, Objective } from '@unpair/classifiers';
import { FUSIONS, createDifferentiableClassifier, fuse } from '@unpair/classifiers';
import { GraphBuilder, float32, int } from '@unpair/graph';
import { createRandom } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';
import { expect, it } from 'vitest';

const runtime = await createRuntime();

/** tanh(x·w): gradients that differ from point to point. */
function network(seed: number): Promise<DifferentiableClassifier> {
  const builder = new GraphBuilder(`network ${seed}`);
  const weights = new Float32Array(12);
  createRandom({ seed, cell: 'weights', sample: 0 }).fillNormal(weights);
  const flat = builder.node('Flatten', [builder.input('x', 'float32', ['N', 1, 2, 2])], { axis: int(1) });
  const product = builder.node('MatMul', [flat, builder.initializer('w', float32([4, 3], weights))]);
  const logits = builder.node('Mul', [builder.node('Tanh', [product]), builder.scalar(2)]);
  builder.output(builder.rename(logits, 'logits'), 'float32', ['N', 3]);
  return createDifferentiableClassifier({ graph: builder.build(), runtime });
}

const models = await Promise.all([1, 2, 3].map(network));
const points = Float32Array.of(0.1, 0.9, 0.4, 0.3, 0.8, 0.2, 0.6, 0.5);

async function fusedBy(fusion: Fusion): Promise<DifferentiableClassifier> {
  const [only, ...others] = fuse(models, fusion);
  if (only === undefined || others.length > 0)
    throw new Error(`${fusion} leaves ${others.length + 1} models`);
  return Promise.resolve(only);
}

it.each(['logits', 'probabilities'] as const)(
  '%s: values and gradients are those of what is averaged',
  async (fusion) => {
    const model = await fusedBy(fusion);
    const objectives: readonly Objective[] = [
      { kind: 'cross-entropy', labels: Int32Array.of(0, 2) },
      { kind: 'combination', weights: Float32Array.of(1, -1, 0, 0.5, 0.25, -2) },
    ];
    for (const objective of objectives) {
      const { gradients, values } = await model.gradients(points, objective, 2);
      for (let i = 0; i < points.length; i++) {
        const step = 1e-2;
        const at = async (by: number): Promise<number> => {
          const moved = points.map((value, j) => value + (j === i ? by : 0));
          return (await model.gradients(moved, objective, 2)).values[i < 4 ? 0 : 1] ?? NaN;
        };
        const slope = ((await at(step)) - (await at(-step))) / (2 * step);
        expect(Math.abs((gradients[i] ?? NaN) - slope)).toBeLessThan(2e-3);
      }
      expect(values.every(Number.isFinite)).toBe(true);
    }
  },
);

it('averages logits, or probabilities whose logarithms are the logits', async () => {
  const each = await Promise.all(models.map((model) => model.logits(points, 2)));
  const logits = await (await fusedBy('logits')).logits(points, 2);
  logits.forEach((value, i) => {
    expect(value).toBeCloseTo(
      each.reduce((sum, own) => sum + (own[i] ?? 0) / 3, 0),
      5,
    );
  });
  const logs = await (await fusedBy('probabilities')).logits(points, 2);
  const total = [0, 1].map((row) =>
    logs.subarray(row * 3, row * 3 + 3).reduce((sum, log) => sum + Math.exp(log), 0),
  );
  total.forEach((sum) => {
    expect(sum).toBeCloseTo(1, 5);
  });
});

it('leaves models apart by losses, and one model as it is', () => {
  expect(fuse(models, 'losses')).toBe(models);
  for (const fusion of FUSIONS) expect(fuse(models.slice(0, 1), fusion)).toEqual(models.slice(0, 1));
});
