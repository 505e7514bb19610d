import type { Graph, PenaltyName } from '@unpair/graph';
import {
  GraphBuilder,
  ModelError,
  OBJECTIVE,
  PENALTY_NAMES,
  TARGET_GRADIENT,
  float32,
  gradient,
  gradientName,
  penaltyOutput,
  withPenalties,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { checkGradient } from './support/check-gradient.js';

/** A graph that takes losses [N] and gradients [N,2,2] as they are. */
function given(): Graph {
  const builder = new GraphBuilder('given');
  const loss = builder.node('Identity', [builder.input('loss', 'float32', ['N'])]);
  builder.input('gradient', 'float32', ['N', 2, 2]);
  builder.output(loss, 'float32', ['N']);
  return builder.build();
}

function penalized(penalties: readonly { readonly name: PenaltyName; readonly weight: number }[]): Graph {
  return withPenalties(given(), { loss: 'loss', gradient: 'gradient', penalties });
}

const own = float32([4, 2, 2], [3, 0, 4, 0, 1e-15, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0]);
const target = float32([4, 2, 2], [1, 0, 0, 0, -1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]);
const feeds = { loss: float32([4], [1, 2, 3, 4]), gradient: own, [TARGET_GRADIENT]: target };

describe('penalties on input gradients', () => {
  it.each([
    ['cosine', [0.6, -1, 0, 0]],
    ['absolute-cosine', [0.6, 1, 0, 0]],
    ['squared-cosine', [0.36, 1, 0, 0]],
  ] as const)('%s, also of gradients whose squares underflow or that vanish', async (name, expected) => {
    const results = await runGraph(penalized([{ name, weight: 1 }]), feeds);
    expectClose(results[penaltyOutput(name)]?.data as Float32Array, expected);
  });

  it.each([
    ['gradient-norm', [5, 1e-15, 0, 2]],
    ['squared-gradient-norm', [25, 1e-30, 0, 4]],
  ] as const)('%s, without a target', async (name, expected) => {
    const graph = penalized([{ name, weight: 1 }]);
    expect(graph.inputs.map((input) => input.name)).toEqual(['loss', 'gradient']);
    const results = await runGraph(graph, { loss: feeds.loss, gradient: own });
    expectClose(results[penaltyOutput(name)]?.data as Float32Array, expected);
  });

  it('are weighted and added to the loss', async () => {
    const graph = penalized([
      { name: 'squared-cosine', weight: 2 },
      { name: 'squared-gradient-norm', weight: -0.5 },
    ]);
    const results = await runGraph(graph, feeds);
    expectClose(results[OBJECTIVE]?.data as Float32Array, [1 + 0.72 - 12.5, 4, 3, 2]);
  });

  it.each(PENALTY_NAMES)(
    'the derivative of %s is its own, whatever the scale of the gradients',
    async (name) => {
      const graph = penalized([{ name, weight: 1 }]);
      const cosine = name.endsWith('cosine') ? { [TARGET_GRADIENT]: { shape: [3, 2, 2] } } : {};
      const outputs = graph.outputs.filter((output) => output.name === OBJECTIVE);
      const points = { loss: { shape: [3] }, gradient: { shape: [3, 2, 2] }, ...cosine };
      await checkGradient({ ...graph, outputs }, points, { step: 1e-3 });
    },
  );

  it.each(PENALTY_NAMES)('the derivative of %s is finite where gradients vanish', async (name) => {
    const graph = gradient(penalized([{ name, weight: 1 }]), { of: OBJECTIVE, wrt: ['gradient'] });
    const used = Object.entries(feeds).filter(([feed]) => graph.inputs.some((input) => input.name === feed));
    const results = await runGraph(graph, Object.fromEntries(used));
    const derivative = results[gradientName(OBJECTIVE, 'gradient')]?.data as Float32Array;
    expect(derivative.every(Number.isFinite)).toBe(true);
    expect(derivative.subarray(8, 12)).toEqual(new Float32Array(4));
  });

  it('refuses a penalty twice, a weight that is no number, and a gradient that is none', () => {
    const twice = { name: 'cosine', weight: 1 } as const;
    expect(() => penalized([twice, twice])).toThrow('penalty "cosine" is there twice; it must be named once');
    expect(() => penalized([{ name: 'cosine', weight: NaN }])).toThrow(RangeError);
    const wrong = { loss: 'loss', gradient: 'loss', penalties: [twice] };
    expect(() => withPenalties(given(), wrong)).toThrow(ModelError);
  });
});

/** Relative to each value; what stands for zero may be as large as float32 leaves of it. */
function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, index) => {
    expect(Math.abs((actual[index] ?? NaN) - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value) + 1e-25);
  });
}
