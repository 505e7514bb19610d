import type { LossName, Tensor } from '@unpair/graph';
import { GraphBuilder, LOSS_NAMES, float32, int, lossAndInputGradient, withLoss } from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
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
