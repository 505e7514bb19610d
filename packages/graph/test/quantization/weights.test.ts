import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clampWeights, fakeQuantize, float32 } from '@unpair/graph';
import type { Tensor } from '@unpair/graph';
import type { WeightScaleOptions } from '../../src/quantization/weights.js';
import { roundWeights, weightScale } from '../../src/quantization/weights.js';
import { uniform } from '../support/random.js';

const finite = fc.float({ noNaN: true, min: -1e6, max: 1e6 });
const twelve = fc.array(finite, { minLength: 12, maxLength: 12 });
const options: fc.Arbitrary<WeightScaleOptions> = fc.record({
  axis: fc.integer({ min: 0, max: 2 }),
  bits: fc.integer({ min: 2, max: 8 }),
  granularity: fc.constantFrom('channel', 'tensor'),
  scheme: fc.constantFrom('symmetric', 'asymmetric'),
  ranges: fc.constant('min-max'),
});

function restored(weights: Tensor<'float32'>, chosen: WeightScaleOptions): Float32Array {
  const out = new Float32Array(weights.data.length);
  fakeQuantize(weights.data, weights.shape, weightScale(weights, chosen), out);
  return out;
}

function squaredError(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? NaN)) ** 2, 0);
}

describe('weightScale', () => {
  it('holds every weight to a step, and 0 exactly', () => {
    fc.assert(
      fc.property(twelve, options, (data, chosen) => {
        const weights = float32([2, 3, 2], [...data.slice(0, 11), 0]);
        const { axis, scales } = weightScale(weights, chosen);
        const inner = [6, 2, 1][axis ?? 0] ?? 1;
        restored(weights, chosen).forEach((value, i) => {
          const scale = scales[axis === null ? 0 : Math.floor(i / inner) % scales.length] ?? 0;
          expect(Math.abs(value - (weights.data[i] ?? 0))).toBeLessThanOrEqual(scale * 1.001);
        });
        expect(restored(weights, chosen)[11]).toBe(0);
      }),
    );
  });

  it('turns negated weights to negated integers when symmetric', () => {
    fc.assert(
      fc.property(twelve, options, (data, chosen) => {
        const symmetric = { ...chosen, scheme: 'symmetric' } as const;
        const round = (values: readonly number[]): readonly number[] => {
          const weights = float32([2, 3, 2], values);
          return [...roundWeights(weights, weightScale(weights, symmetric)).data];
        };
        expect(round(data.map((w) => -w))).toEqual(round(data).map((q) => (q === 0 ? 0 : -q)));
      }),
    );
  });

  it('gives all-zero channels a scale', () => {
    const weights = float32([2, 2], [0, 0, 1, -1]);
    const chosen = { axis: 0, bits: 8, granularity: 'channel', scheme: 'symmetric', ranges: 'mse' } as const;
    const scale = weightScale(weights, chosen);
    expect([...roundWeights(weights, scale).data]).toEqual([0, 0, 127, -127]);
    expect(scale.scales.every((step) => step > 0)).toBe(true);
  });

  it.each(['channel', 'tensor'] as const)('leaves less error by %s when it searches', (granularity) => {
    // Normal-like weights with one far out, which a range of all of them wastes 4 bits on.
    const data = uniform(64, 3).map((w, i) => (i === 5 ? 8 : w + (uniform(64, 4)[i] ?? 0) - 1));
    const weights = float32([2, 32], data);
    const chosen = { axis: 0, bits: 4, granularity, scheme: 'asymmetric' } as const;
    const error = (ranges: 'min-max' | 'mse'): number =>
      squaredError(restored(weights, { ...chosen, ranges }), weights.data);
    expect(error('mse')).toBeLessThan(error('min-max'));
  });
});

describe('clampWeights', () => {
  it('leaves what the integers can stand for, and pulls the rest to the ends', () => {
    const scale = { axis: 0, scales: Float32Array.of(1, 0.5), zeroPoint: 0, low: -7, high: 7 };
    const weights = Float32Array.of(-9, 2.25, 9, -3);
    clampWeights(weights, [2, 2], scale);
    expect([...weights]).toEqual([-7, 2.25, 3.5, -3]);
  });
});
