import type { LossName, Tensor } from '@unpair/graph';
import {
  GraphBuilder,
  LOSS_NAMES,
  float32,
  gradient,
  int,
  lossAndInputGradient,
  withLoss,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';
import { smallClassifier } from '../support/sample-graphs.js';
import { checkGradient } from './support/check-gradient.js';

/** A model whose input is its logits, with a Softmax at its end where asked to. */
function passThrough(classes: number, softmax = false): ReturnType<GraphBuilder['build']> {
  const builder = new GraphBuilder('pass-through');
  const x = builder.node('Identity', [builder.input('x', 'float32', ['N', classes])]);
  builder.output(softmax ? builder.node('Softmax', [x], { axis: int(-1) }) : x, 'float32', ['N', classes]);
  return builder.build();
}

const logits = float32([3, 4], [2, -1, 0.5, 1, 0, 3, 3, -2, 200, 0, -200, 100]);
const labels = float32([3, 4], [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0]);

async function lossOf(loss: LossName, x: Tensor = logits, weights = labels): Promise<readonly number[]> {
  const results = await runGraph(withLoss(passThrough(4), loss).graph, { x, labels: weights });
  return Array.from(results['loss']?.data as Float32Array);
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, index) => {
    expect(actual[index]).toBeCloseTo(value, 4);
  });
}

describe('values for each sample', () => {
  it('cross-entropy, also where a softmax would underflow', async () => {
    const sum = (values: readonly number[]): number =>
      Math.log(values.reduce((total, v) => total + Math.exp(v), 0));
    expectClose(await lossOf('cross-entropy'), [sum([2, -1, 0.5, 1]) - 2, sum([0, 3, 3, -2]) - 3, 400]);
  });

  it('margin', async () => {
    expectClose(await lossOf('margin'), [-1, 0, 400]);
  });

  it('dlr', async () => {
    expectClose(await lossOf('dlr'), [-1 / 1.5, 0, 400 / 200]);
  });

  it('combination, of whatever weights', async () => {
    expectClose(await lossOf('combination'), [2, 3, -200]);
    const weights = float32([3, 4], [1, -1, 0, 0, 0, 0, -1, 0, 0.5, 0, 0, -2]);
    expectClose(await lossOf('combination', logits, weights), [3, -3, -100]);
  });

  it('takes the logits from before a final Softmax', async () => {
    const { graph } = withLoss(passThrough(4, true), 'margin');
    const results = await runGraph(graph, { x: logits, labels });
    expectClose(Array.from(results['loss']?.data as Float32Array), [-1, 0, 400]);
  });
});

describe('the gradient of the cross-entropy', () => {
  const image = float32([3, 3, 8, 8], uniform(576, 21));
  const labels = float32([3, 5], [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]);
  /** The small classifier with its logits times a number, and the second sample's label in the lead. */
  const scaled = (factor: number): ReturnType<GraphBuilder['build']> => {
    const builder = GraphBuilder.from(smallClassifier());
    builder.clearOutputs();
    const lead = builder.initializer('lead', float32([5], [0, 0, 3, 0, 0]));
    const logits = builder.node('Add', ['logits', lead]);
    builder.output(builder.node('Mul', [logits, builder.scalar(factor)]), 'float32', ['N', 5]);
    return builder.build();
  };
  const slopes = async (factor: number): Promise<{ rows: Float32Array[]; loss: unknown }> => {
    const made = lossAndInputGradient(scaled(factor), 'cross-entropy');
    const results = await runGraph(made.graph, { image, labels });
    const all = results[made.gradient]?.data as Float32Array;
    return {
      rows: [0, 1, 2].map((row) => all.slice(row * 192, (row + 1) * 192)),
      loss: results[made.loss]?.data,
    };
  };
  const plain = async (factor: number): Promise<Float32Array> => {
    const { graph } = withLoss(scaled(factor), 'cross-entropy');
    const derivative = gradient(graph, { of: 'loss', wrt: ['image'] });
    return (await runGraph(derivative, { image, labels }))['d_loss/d_image']?.data as Float32Array;
  };
  const cosine = (a: Float32Array, b: Float32Array): number => {
    const dot = (u: Float32Array, v: Float32Array): number =>
      u.reduce((sum, x, i) => sum + x * (v[i] ?? 0), 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };

  it('is to the bit what it is by itself where the logits are of usual size', async () => {
    for (const factor of [1, 5]) {
      expect(Float32Array.from((await slopes(factor)).rows.flatMap((row) => [...row]))).toEqual(
        await plain(factor),
      );
    }
  });

  it.each([1000, 1e5, 1e8])('keeps its direction where the logits are %d times as large', async (factor) => {
    const [usual, large] = [await slopes(2), await slopes(factor)];
    const isFlat = (await plain(factor)).slice(192, 384).every((value) => value === 0);
    expect(isFlat).toBe(true);
    expect(large.rows[1]?.every(Number.isFinite)).toBe(true);
    expect(cosine(large.rows[1] ?? image.data, usual.rows[1] ?? image.data)).toBeGreaterThan(0.9);
    expect((large.loss as Float32Array)[1]).toBeCloseTo(0, 12);
  });
});

describe.each(LOSS_NAMES)('%s', (loss) => {
  it('differs from central differences by rounding only', async () => {
    const { graph } = withLoss(passThrough(5), loss);
    const outputs = graph.outputs.filter(({ name }) => name === 'loss');
    const oneHot = float32([3, 5], [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0]);
    const fixed = { ...graph, outputs, inputs: graph.inputs.filter(({ name }) => name !== 'labels') };
    const constants = new Map([...graph.initializers, ['labels', oneHot]]);
    const points = { x: { shape: [3, 5] } };
    await checkGradient({ ...fixed, initializers: constants }, points, { step: 1e-3 });
  });

  it('gives every sample its own input gradient', async () => {
    const { graph, gradient } = lossAndInputGradient(smallClassifier(), loss);
    const image = (sample: number): Float32Array =>
      Float32Array.from({ length: 192 }, (_, index) => Math.sin(index * (sample + 1)) / 2 + 0.5);
    const oneHot = (label: number): number[] => Array.from({ length: 5 }, (_, k) => (k === label ? 1 : 0));
    const together = await runGraph(graph, {
      image: float32([2, 3, 8, 8], Float32Array.from([...image(0), ...image(1)])),
      labels: float32([2, 5], [...oneHot(1), ...oneHot(4)]),
    });
    const alone = await runGraph(graph, {
      image: float32([1, 3, 8, 8], image(1)),
      labels: float32([1, 5], oneHot(4)),
    });
    expect(together[gradient]?.shape).toEqual([2, 3, 8, 8]);
    expectClose(
      Array.from((together[gradient]?.data as Float32Array).subarray(192)),
      Array.from(alone[gradient]?.data as Float32Array),
    );
  });
});

describe('what cannot have a loss', () => {
  it('a model with two outputs', () => {
    const graph = smallClassifier();
    const twice = { ...graph, outputs: [...graph.outputs, ...graph.outputs] };
    expect(() => withLoss(twice, 'margin')).toThrow(
      /a classifier has one float32 output \[N, classes\]; model "small" has/,
    );
  });

  it('too few classes', () => {
    expect(() => withLoss(passThrough(2), 'dlr')).toThrow(
      'loss "dlr" needs a model with at least 3 classes; "pass-through" has 2',
    );
  });
});
