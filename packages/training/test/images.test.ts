import { drawPlacement, epochOrder, pixelStatistics, placeImage } from '@unpair/training';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const image = Uint8Array.of(0, 51, 102, 153, 204, 255);
const shape = [1, 2, 3] as const;
const place = (pad: number, placement: Parameters<typeof placeImage>[3]): number[] => {
  const out = new Float32Array(6);
  placeImage(image, shape, { pad, flip: true }, placement, out);
  return [...out].map((value) => Math.round(value * 5));
};

describe('placeImage', () => {
  it('brings bytes to [0, 1] where nothing moves', () => {
    expect(place(1, { top: 1, left: 1, mirrored: false })).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('fills with black what comes from outside', () => {
    expect(place(1, { top: 0, left: 1, mirrored: false })).toEqual([0, 0, 0, 0, 1, 2]);
    expect(place(1, { top: 1, left: 2, mirrored: false })).toEqual([1, 2, 0, 4, 5, 0]);
  });

  it('mirrors left to right', () => {
    expect(place(0, { top: 0, left: 0, mirrored: true })).toEqual([2, 1, 0, 5, 4, 3]);
  });
});

describe('drawPlacement', () => {
  it('depends on seed, epoch and sample alone, and reaches every place', () => {
    const draw = (epoch: number, sample: number): string =>
      JSON.stringify(drawPlacement({ pad: 1, flip: true }, 7, epoch, sample));
    const drawn = Array.from({ length: 400 }, (_, sample) => draw(0, sample));
    expect(drawn).toEqual(Array.from({ length: 400 }, (_, sample) => draw(0, sample)));
    expect(new Set(drawn).size).toBe(3 * 3 * 2);
    expect(drawn).not.toEqual(Array.from({ length: 400 }, (_, sample) => draw(1, sample)));
  });
});

describe('epochOrder', () => {
  it('is a permutation, and another one in another epoch', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(100), fc.integer({ min: 20, max: 300 }), (seed, epoch, count) => {
        const order = epochOrder(seed, epoch, count);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
        expect(order).not.toEqual(epochOrder(seed, epoch + 1, count));
      }),
    );
  });
});

describe('pixelStatistics', () => {
  it('measures each channel, of bytes as of floats', () => {
    const bytes = Uint8Array.of(0, 255, 255, 255, 0, 255, 255, 255);
    const expected = { mean: [0.5, 1], deviation: [0.5, 0.000001] };
    const { mean, deviation } = pixelStatistics(bytes, [2, 1, 2]);
    expect(mean).toEqual(expected.mean);
    expect(deviation[0]).toBeCloseTo(0.5, 9);
    expect(deviation[1]).toBeLessThan(1e-5);
    const floats = Float32Array.from(bytes, (byte) => byte / 255);
    expect(pixelStatistics(floats, [2, 1, 2]).mean).toEqual(expected.mean);
  });
});
