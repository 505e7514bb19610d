import type { Graph, Tensor, TermName } from '@unpair/graph';
import {
  GraphBuilder,
  ModelError,
  OBJECTIVE,
  PENALTY_NAMES,
  TARGET_GRADIENT,
  float32,
  gradient,
  gradientName,
  termOutput,
  termWeights,
  withTerms,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';

/** A graph that takes losses [N], logits [N,3] and gradients [N,2,2] as they are. */
function given(): Graph {
  const builder = new GraphBuilder('given');
  const loss = builder.node('Identity', [builder.input('loss', 'float32', ['N'])]);
  builder.input('logits', 'float32', ['N', 3]);
  builder.input('gradient', 'float32', ['N', 2, 2]);
  builder.output(loss, 'float32', ['N']);
  return builder.build();
}

function penalized(terms: readonly TermName[], gradient = 'gradient'): Graph {
  return withTerms(given(), { terms, values: { logits: 'logits', loss: 'loss', gradient } });
}

const own = float32([4, 2, 2], [3, 0, 4, 0, 1e-15, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0]);
const target = float32([4, 2, 2], [1, 0, 0, 0, -1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]);
const feeds = {
  loss: float32([4], [1, 2, 3, 4]),
  logits: float32([4, 3], new Float32Array(12)),
  gradient: own,
  [TARGET_GRADIENT]: target,
};

/** Runs with the feeds that the graph takes; every weight that is not given is 1. */
function run(graph: Graph, weights: Readonly<Record<string, Tensor>> = {}): Promise<Record<string, Tensor>> {
  const all: Readonly<Record<string, Tensor>> = { ...feeds, ...weights };
  const wanted = graph.inputs.map(({ name }) => [name, all[name] ?? float32([4], [1, 1, 1, 1])] as const);
  return runGraph(graph, Object.fromEntries(wanted));
}

describe('penalties on input gradients', () => {
  it.each([
    ['cosine', [0.6, -1, 0, 0]],
    ['absolute-cosine', [0.6, 1, 0, 0]],
    ['squared-cosine', [0.36, 1, 0, 0]],
  ] as const)('%s, also of gradients whose squares underflow or that vanish', async (name, expected) => {
    const results = await run(penalized([name]));
    expectClose(results[termOutput(name)]?.data as Float32Array, expected);
  });

  it.each([
    ['gradient-norm', [5, 1e-15, 0, 2]],
    ['squared-gradient-norm', [25, 1e-30, 0, 4]],
  ] as const)('%s, without a target', async (name, expected) => {
    const graph = penalized([name]);
    expect(graph.inputs.map((input) => input.name)).toEqual([
      'loss',
      'logits',
      'gradient',
      termWeights(name),
    ]);
    const results = await run(graph);
    expectClose(results[termOutput(name)]?.data as Float32Array, expected);
  });

  it('are weighted and added to the loss', async () => {
    const results = await run(penalized(['cross-entropy', 'squared-cosine', 'squared-gradient-norm']), {
      [termWeights('squared-cosine')]: float32([4], [2, 2, 2, 2]),
      [termWeights('squared-gradient-norm')]: float32([4], [-0.5, -0.5, -0.5, -0.5]),
    });
    expectClose(results[OBJECTIVE]?.data as Float32Array, [1 + 0.72 - 12.5, 4, 3, 2]);
  });

  it.each(PENALTY_NAMES)('the derivative of %s is finite where gradients vanish', async (name) => {
    const graph = gradient(penalized([name]), { of: OBJECTIVE, wrt: ['gradient'] });
    const results = await run(graph);
    const derivative = results[gradientName(OBJECTIVE, 'gradient')]?.data as Float32Array;
    expect(derivative.every(Number.isFinite)).toBe(true);
    expect(derivative.subarray(8, 12)).toEqual(new Float32Array(4));
  });

  it('refuse a gradient that is none', () => {
    const call = (): Graph => penalized(['cosine'], 'loss');
    expect(call).toThrow(ModelError);
    expect(call).toThrow('value "loss" is no gradient of a shape [N, ...]');
  });
});

/** Relative to each value; what stands for zero may be as large as float32 leaves of it. */
function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, index) => {
    expect(Math.abs((actual[index] ?? NaN) - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value) + 1e-25);
  });
}
