import { averageShards, learningRate, sgdStep, smoothTargets, trackStatistics } from '@unpair/training';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('learningRate', () => {
  const schedule = { peak: 0.4, warmup: 10, steps: 110 };

  it('rises in a line to the peak and falls along a cosine to zero', () => {
    expect(learningRate(schedule, 0)).toBeCloseTo(0.04, 12);
    expect(learningRate(schedule, 9)).toBeCloseTo(0.4, 12);
    expect(learningRate(schedule, 10)).toBeCloseTo(0.4, 12);
    expect(learningRate(schedule, 60)).toBeCloseTo(0.2, 12);
    expect(learningRate(schedule, 110)).toBeCloseTo(0, 12);
  });

  it('stays between zero and the peak', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(50), (steps, warmup) => {
        for (let step = 0; step < steps; step++) {
          const rate = learningRate({ peak: 1, warmup, steps }, step);
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('sgdStep', () => {
  const ranges = [
    { first: 0, length: 1, decays: true },
    { first: 1, length: 1, decays: false },
  ];
  const state = (): Parameters<typeof sgdStep>[0] => ({
    weights: Float32Array.of(1, 1),
    momentum: Float32Array.of(2, 2),
    gradient: Float32Array.of(0.5, 0.5),
  });

  it('follows the momentum, and decays only what is to decay', () => {
    const after = state();
    sgdStep(after, ranges, 0.1, { momentum: 0.5, weightDecay: 0.25, nesterov: false });
    // v = 0.5·2 + 0.5 + 0.25·1 = 1.75; without decay 1.5
    expect([...after.momentum]).toEqual([1.75, 1.5]);
    expect(after.weights[0]).toBeCloseTo(0.825, 6);
    expect(after.weights[1]).toBeCloseTo(0.85, 6);
  });

  it('looks ahead with Nesterov', () => {
    const after = state();
    sgdStep(after, ranges, 0.1, { momentum: 0.5, weightDecay: 0, nesterov: true });
    // w = 1 − 0.1·(0.5 + 0.5·1.5)
    expect(after.weights[0]).toBeCloseTo(0.875, 6);
  });
});

describe('what shards bring together', () => {
  it('is averaged in their order', () => {
    const out = new Float32Array(2);
    averageShards([Float32Array.of(1, 2), Float32Array.of(3, 6)], out);
    expect([...out]).toEqual([2, 4]);
  });

  it('moves running statistics towards the batch', () => {
    const running = Float32Array.of(1, 0);
    trackStatistics(running, Float32Array.of(3, 1), 0.75);
    expect([...running]).toEqual([1.5, 0.25]);
  });
});

describe('smoothTargets', () => {
  it('is a distribution whose mode is the label', () => {
    const labels = fc.array(fc.nat(4), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(labels, fc.double({ min: 0, max: 0.9, noNaN: true }), (drawn, smoothing) => {
        const out = new Float32Array(drawn.length * 5);
        smoothTargets(drawn, 5, smoothing, out);
        drawn.forEach((label, row) => {
          const distribution = [...out.subarray(row * 5, row * 5 + 5)];
          expect(distribution.reduce((total, mass) => total + mass, 0)).toBeCloseTo(1, 5);
          expect(distribution.indexOf(Math.max(...distribution))).toBe(label);
        });
      }),
    );
  });
});
