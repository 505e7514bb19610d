import { float, float32, toTrainingGraph } from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';
import { checkGradient, graphOf } from './support/check-gradient.js';

const positive = { shape: [3], low: 0.5, high: 2 };

describe('BatchNormalization', () => {
  it.each([[[4, 3, 5, 2]], [[4, 3, 6]], [[4, 3]]])('of %j with given statistics', async (shape) => {
    const points = {
      x: { shape },
      scale: { shape: [3] },
      bias: { shape: [3] },
      mean: { shape: [3] },
      variance: positive,
    };
    const graph = graphOf(
      points,
      (b) => b.node('BatchNormalization', Object.keys(points), { epsilon: float(1e-3) }),
      shape,
    );
    await checkGradient(graph, points, { step: 1e-3, tolerance: 3e-2 });
  });

  const shape = [8, 3, 5, 2];
  const inference = graphOf(
    { x: { shape }, scale: { shape: [3] }, bias: { shape: [3] } },
    (b) =>
      b.node('BatchNormalization', [
        'x',
        'scale',
        'bias',
        b.initializer('mean', float32([3], [0.1, 0.2, 0.3])),
        b.initializer('variance', float32([3], [1, 2, 3])),
      ]),
    shape,
  );

  it('differentiates through the statistics of a batch', async () => {
    const { graph } = toTrainingGraph(inference);
    const points = { x: { shape, low: 0, high: 3 }, scale: { shape: [3] }, bias: { shape: [3] } };
    await checkGradient(graph, points, { step: 1e-2, tolerance: 3e-2 });
  });

  it('normalizes with the statistics of a batch and updates the running ones', async () => {
    const { graph, statistics } = toTrainingGraph(inference, { momentum: 0.25 });
    const x = float32(shape, uniform(240, 3, 1, 4));
    const [scale, bias] = [float32([3], [1, 1, 1]), float32([3], [0, 0, 0])];
    const results = await runGraph(graph, { x, scale, bias });
    const y = results[graph.outputs[0]?.name ?? '']?.data as Float32Array;
    for (let channel = 0; channel < 3; channel++) {
      const inChannel = (_: number, index: number): boolean => Math.floor(index / 10) % 3 === channel;
      const [mean, variance] = moments(x.data.filter(inChannel));
      const [normalMean, normalVariance] = moments(y.filter(inChannel));
      expect(normalMean).toBeCloseTo(0, 4);
      expect(normalVariance).toBeCloseTo(1, 3);
      const [nextMean, nextVariance] = statistics.map(({ next }) => Number(results[next]?.data[channel]));
      expect(nextMean).toBeCloseTo(0.75 * (0.1 * (channel + 1)) + 0.25 * mean, 4);
      expect(nextVariance).toBeCloseTo(0.75 * (channel + 1) + 0.25 * variance, 4);
    }
    expect(statistics).toHaveLength(2);
    expect(statistics[0]?.current).toMatch(/^mean/);
  });

  it('keeps the variance of channels whose mean is a thousand times their deviation', async () => {
    const far = graphOf(
      { x: { shape } },
      (b) => {
        const vector = (values: readonly number[]): string => b.initializer('v', float32([3], values));
        const [ones, zeros] = [vector([1, 1, 1]), vector([0, 0, 0])];
        return b.node('BatchNormalization', ['x', ones, zeros, vector([1000, 999, 1001]), vector([1, 1, 1])]);
      },
      shape,
    );
    const { graph } = toTrainingGraph(far);
    const x = float32(shape, uniform(240, 3, 999, 1001));
    const y = (await runGraph(graph, { x }))[graph.outputs[0]?.name ?? '']?.data as Float32Array;
    for (let channel = 0; channel < 3; channel++) {
      const [, variance] = moments(y.filter((_, index) => Math.floor(index / 10) % 3 === channel));
      expect(variance).toBeCloseTo(1, 3);
    }
  });

  it('rejects a momentum outside (0, 1]', () => {
    expect(() => toTrainingGraph(inference, { momentum: 0 })).toThrow(
      'momentum is 0; it must be above 0 and at most 1',
    );
  });
});

function moments(values: Float32Array): readonly [number, number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return [mean, variance];
}
