import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32 } from '@unpair/graph';
import { activationScale, quantizeBias, quantizeWeights } from '../../src/quantization/affine.js';

const finite = fc.float({ noNaN: true, min: -1e6, max: 1e6 });
const bits = fc.integer({ min: 2, max: 8 });

describe('activationScale', () => {
  it('holds 0 exactly, and every value of the range to half a step', () => {
    fc.assert(
      fc.property(finite, finite, bits, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, width, at) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        const { scale, zeroPoint } = activationScale({ min, max }, width);
        expect(Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint < 2 ** width).toBe(true);
        const x = min + at * (max - min);
        const q = Math.min(2 ** width - 1, Math.max(0, Math.round(x / scale) + zeroPoint));
        // Rounding the zero point costs the ends of the range up to another half step.
        expect(Math.abs((q - zeroPoint) * scale - x)).toBeLessThanOrEqual(scale * 1.001);
      }),
    );
  });
});

describe('quantizeWeights', () => {
  it('is within half a step for each channel, and odd', () => {
    const weights = fc.array(finite, { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(weights, bits, fc.integer({ min: 0, max: 2 }), (data, width, axis) => {
        const tensor = float32([2, 3, 2], data);
        const { values, scales } = quantizeWeights(tensor, axis, width);
        const inner = [6, 2, 1][axis] ?? 1;
        tensor.data.forEach((w, i) => {
          const scale = scales.data[Math.floor(i / inner) % scales.data.length] ?? 0;
          expect(Math.abs((values.data[i] ?? 0) * scale - w)).toBeLessThanOrEqual(scale * 0.5001);
        });
        const negated = quantizeWeights(
          float32(
            [2, 3, 2],
            data.map((w) => -w),
          ),
          axis,
          width,
        );
        expect([...negated.values.data]).toEqual([...values.data].map((q) => (q === 0 ? 0 : -q)));
      }),
    );
  });

  it('gives all-zero channels a scale', () => {
    const { values, scales } = quantizeWeights(float32([2, 2], [0, 0, 1, -1]), 0, 8);
    expect([...values.data]).toEqual([0, 0, 127, -127]);
    expect(scales.data.every((scale) => scale > 0)).toBe(true);
  });
});

describe('quantizeBias', () => {
  it('uses the scale of the products it is added to, and saturates', () => {
    const { values, scales } = quantizeBias(float32([2], [1, -1e9]), 0.5, float32([2], [0.25, 2 ** -20]));
    expect([...scales.data]).toEqual([0.125, 2 ** -21]);
    expect([...values.data]).toEqual([8, -(2 ** 31 - 1)]);
  });
});
