import type { Threat } from '@unpair/numerics';
import { createRandom, distance, isAdmissible, randomStart } from '@unpair/numerics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { roundTo8Bits } from '../src/eight-bits.js';

const SIZE = 192;

function uniform(seed: number): Float32Array {
  const random = createRandom({ seed, cell: 'eight-bits', sample: 0 });
  return Float32Array.from({ length: SIZE }, () => random.uniform());
}

const nearest = (values: Float32Array): Float32Array => values.map((value) => Math.round(value * 255) / 255);
/** A point of the ball's surface: where attacks end. */
const pointOf = (clean: Float32Array, threat: Threat, seed: number): Float32Array =>
  randomStart(clean, threat, createRandom({ seed, cell: 'point', sample: 0 }));

const seeds = fc.integer({ min: 0, max: 1e6 });

describe('rounding to 8 bits', () => {
  test('stays in any ball around an image on the grid, one step from the point at most', () => {
    const radii = fc.double({ min: 0.001, max: 0.2, noNaN: true });
    fc.assert(
      fc.property(seeds, fc.constantFrom('linf', 'l2'), radii, (seed, norm, radius) => {
        const threat = { norm, epsilon: norm === 'linf' ? radius : radius * 10 } as const;
        const clean = nearest(uniform(seed));
        const point = pointOf(clean, threat, seed);
        const rounded = roundTo8Bits(point, clean, threat);
        expect(isAdmissible(rounded, clean, threat)).toBe(true);
        expect(nearest(rounded)).toEqual(rounded);
        expect(distance(rounded, point).linf).toBeLessThan(1 / 255 + 1e-6);
      }),
    );
  });

  test('is to the nearest value where epsilon and image are on the grid', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 64 }), (seed, steps) => {
        const threat = { norm: 'linf', epsilon: steps / 255 } as const;
        const clean = nearest(uniform(seed));
        const point = pointOf(clean, threat, seed);
        expect(roundTo8Bits(point, clean, threat)).toEqual(nearest(point));
      }),
    );
  });

  test('turns back where the nearest value is outside: 7.6 steps become 7, not 8', () => {
    const clean = Float32Array.of(20 / 255, 100 / 255, 200 / 255);
    const point = clean.map((value, i) => value + ([7.6, -7.6, 7.4][i] ?? NaN) / 255);
    const rounded = roundTo8Bits(point, clean, { norm: 'linf', epsilon: 7.6 / 255 });
    expect(Array.from(rounded, (value) => Math.round(value * 255))).toEqual([27, 93, 207]);
  });

  test('under l2 turns back no more values than it must, those nearest to a tie first', () => {
    const clean = Float32Array.of(0, 0, 0, 0);
    const point = Float32Array.of(0.6, 0.9, 2.7, 5.2).map((value) => value / 255);
    const { l2 } = distance(point, clean);
    const rounded = roundTo8Bits(point, clean, { norm: 'l2', epsilon: l2 });
    expect(Array.from(rounded, (value) => Math.round(value * 255))).toEqual([0, 1, 3, 5]);
  });

  test('off the grid, in a ball that holds no 8-bit image, says so by leaving it', () => {
    const clean = Float32Array.of(0.5 / 255, 10.5 / 255);
    for (const norm of ['linf', 'l2'] as const) {
      const threat = { norm, epsilon: 0.2 / 255 };
      expect(isAdmissible(roundTo8Bits(clean, clean, threat), clean, threat)).toBe(false);
    }
  });
});
