import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32 } from '@unpair/graph';
import { activationScale, quantizeBias, scalesHoldingBias } from '../../src/quantization/affine.js';

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

  it('lies around 0 when symmetric', () => {
    fc.assert(
      fc.property(finite, finite, bits, (a, b, width) => {
        const range = { min: Math.min(a, b), max: Math.max(a, b) };
        const { dataType, zeroPoint, scale, low, high } = activationScale(range, width, 'symmetric');
        expect([dataType, zeroPoint, low]).toEqual(['int8', 0, -high]);
        expect(high).toBeGreaterThanOrEqual(Math.max(Math.abs(a), Math.abs(b)) * 0.999);
        expect(high / scale).toBeCloseTo(2 ** (width - 1) - 1);
      }),
    );
  });
});

describe('scalesHoldingBias', () => {
  const positive = (max: number): fc.Arbitrary<number> =>
    fc.float({ noNaN: true, min: Math.fround(2 ** -40), max });
  const channels = fc.array(fc.tuple(finite, positive(1)), { minLength: 1, maxLength: 6 });

  it('keeps scales to the bit where the bias fits, and lets every other bias in to a millionth', () => {
    fc.assert(
      fc.property(channels, positive(1), (given, inputScale) => {
        const bias = float32(
          [given.length],
          given.map(([b]) => b),
        );
        const before = Float32Array.from(given, ([, scale]) => scale);
        const after = scalesHoldingBias(bias, inputScale, before);
        const saturated = quantizeBias(bias, inputScale, before).values.data;
        const { values, scales } = quantizeBias(bias, inputScale, after);
        bias.data.forEach((b, c) => {
          const fits = Math.abs(saturated[c] ?? 0) < 2 ** 31 - 1;
          if (fits) expect(after[c]).toBe(before[c]);
          const unit = scales[c] ?? 0;
          const error = Math.abs((values.data[c] ?? 0) * unit - b);
          expect(error).toBeLessThanOrEqual(Math.max(0.5 * unit, 1e-6 * Math.abs(b)));
        });
      }),
    );
  });

  it('raises one scale of all channels for the largest bias, and reads the last integer back as it is', () => {
    const bias = float32([3], [0.7, -0.9, 0]);
    const [scale = 0] = scalesHoldingBias(bias, 0.5, Float32Array.of(2 ** -40));
    expect(scale * 0.5 * 2 ** 30).toBeCloseTo(0.9, 5);
    const full = float32([1], [2 ** 31 * 2 ** -21]);
    expect([...scalesHoldingBias(full, 0.5, Float32Array.of(2 ** -20))]).toEqual([2 ** -20]);
  });
});

describe('quantizeBias', () => {
  it('uses the scale of the products it is added to, and saturates', () => {
    const { values, scales } = quantizeBias(float32([2], [1, -1e9]), 0.5, Float32Array.of(0.25, 2 ** -20));
    expect([...scales]).toEqual([0.125, 2 ** -21]);
    expect([...values.data]).toEqual([8, -(2 ** 31 - 1)]);
  });
});
