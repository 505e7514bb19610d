import { structureLikeness } from '@unpair/measurements';
import { createRandom } from '@unpair/numerics';
import { describe, expect, it } from 'vitest';

const shape = [1, 16, 16] as const;

/** A map by what stands at each row and column. */
const map = (value: (y: number, x: number) => number): Float32Array =>
  Float32Array.from({ length: 256 }, (_, i) => value(Math.floor(i / 16), i % 16));

const random = (seed: number): Float32Array => {
  const values = new Float32Array(256);
  createRandom({ seed, cell: 'gradient', sample: 0 }).fillNormal(values);
  return values;
};

describe('what gradients have in common as pictures', () => {
  it('is all for one gradient and itself, scaled, or of the other sign', () => {
    const own = random(1);
    for (const factor of [1, 100, -1]) {
      const { hogCosine, edgeIou } = structureLikeness(
        own,
        own.map((value) => factor * value),
        shape,
      );
      expect([hogCosine, edgeIou]).toEqual([expect.closeTo(1, 5), 1]);
    }
  });

  it('is no direction between steps across and steps down, and only a few edges', () => {
    // Linear ramps: derivatives of one length and direction in every pixel off the border.
    const across = map((_, x) => x + 1);
    const down = map((y) => y + 1);
    const turned = structureLikeness(across, down, shape);
    // 9 bins over half a turn: 0 falls on the first, a quarter turn halfway between the fifth and the sixth.
    expect(turned.hogCosine).toBeCloseTo(0, 5);
    expect(structureLikeness(across, across, shape).hogCosine).toBeCloseTo(1, 5);
  });

  it('sees the same edge at the same place, whatever its height in each channel', () => {
    const step = (at: number): Float32Array => map((_, x) => (x < at ? 0 : 1));
    expect(structureLikeness(step(8), step(8), shape).edgeIou).toBe(1);
    expect(structureLikeness(step(4), step(12), shape).edgeIou).toBe(0);
    const two = [2, 16, 16] as const;
    const first = Float32Array.of(...step(8), ...step(8).map(() => 0));
    const second = Float32Array.of(...step(8).map(() => 0), ...step(8).map((value) => -3 * value));
    expect(structureLikeness(first, second, two)).toEqual({
      hogCosine: expect.closeTo(1, 5) as number,
      edgeIou: 1,
    });
  });

  it('is nothing where a gradient vanishes, and for noise what chance gives', () => {
    const nothing = { hogCosine: 0, edgeIou: 0 };
    expect(structureLikeness(random(1), new Float32Array(256), shape)).toEqual(nothing);
    expect(structureLikeness(new Float32Array(256), new Float32Array(256), shape)).toEqual(nothing);
    const pairs = Array.from({ length: 40 }, (_, i) =>
      structureLikeness(random(2 * i), random(2 * i + 1), shape),
    );
    const mean = pairs.reduce((sum, { edgeIou }) => sum + edgeIou / pairs.length, 0);
    // 26 of 256 pixels each: 2.6 in common of 49.4.
    expect(mean).toBeGreaterThan(0.03);
    expect(mean).toBeLessThan(0.08);
  });
});
