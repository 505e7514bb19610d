import type { Graph } from '@unpair/graph';
import { LABELS, REFERENCE, SHARE, float32, lossAndInputGradient, middleValue } from '@unpair/graph';
import { expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { smallClassifier } from '../support/sample-graphs.js';
import { uniform } from '../support/random.js';

const model = smallClassifier();
const made = lossAndInputGradient(model, 'cross-entropy', { decays: true });
const own = uniform(384, 1);
const other = uniform(384, 2);
const labels = float32([2, 5], Float32Array.of(1, 0, 0, 0, 0, 0, 0, 1, 0, 0));

interface Answer {
  readonly logits: Float32Array;
  readonly loss: Float32Array;
  readonly gradient: Float32Array;
}

async function at(
  images: Float32Array,
  shares: readonly number[],
  graph: Graph = made.graph,
): Promise<Answer> {
  const results = await runGraph(graph, {
    image: float32([2, 3, 8, 8], images),
    [LABELS]: labels,
    [REFERENCE]: float32([2, 3, 8, 8], other),
    [SHARE]: float32([2], Float32Array.from(shares)),
  });
  const floats = (name: string): Float32Array => results[name]?.data as Float32Array;
  return { logits: floats(made.logits), loss: floats(made.loss), gradient: floats(made.gradient) };
}

async function plain(images: Float32Array): Promise<Float32Array> {
  const results = await runGraph(model, { image: float32([2, 3, 8, 8], images) });
  return Object.values(results)[0]?.data as Float32Array;
}

it('all features of its own are the model, none are it at the reference, each row for itself', async () => {
  const { logits } = await at(own, [1, 0]);
  const [mine, theirs] = [await plain(own), await plain(other)];
  [...mine.slice(0, 5), ...theirs.slice(5)].forEach((value, i) => {
    expect(logits[i]).toBeCloseTo(value, 5);
  });
});

it('has the derivative of what it computes', async () => {
  const { gradient } = await at(own, [0.3, 0.8]);
  for (const i of [0, 77, 190, 192, 300, 383]) {
    const step = 1e-2;
    const moved = (by: number): Promise<Answer> =>
      at(
        own.map((value, j) => value + (i === j ? by : 0)),
        [0.3, 0.8],
      );
    const row = i < 192 ? 0 : 1;
    const [above, below] = [(await moved(step)).loss[row] ?? 0, (await moved(-step)).loss[row] ?? 0];
    expect(Math.abs((gradient[i] ?? NaN) - (above - below) / (2 * step))).toBeLessThan(2e-3);
  }
});

it('decays in the middle: where all goes through one value, behind about half of what has weights', () => {
  const middle = middleValue(model);
  const at = model.nodes.findIndex(({ outputs }) => outputs.includes(middle));
  const weighted = (nodes: Graph['nodes']): number =>
    nodes.filter(({ op }) => ['Conv', 'Gemm', 'MatMul'].includes(op)).length;
  expect(at).toBeGreaterThan(-1);
  const [before, all] = [weighted(model.nodes.slice(0, at + 1)), weighted(model.nodes)];
  expect(Math.abs(before - all / 2)).toBeLessThanOrEqual(1);
});
