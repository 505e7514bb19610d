import fc from 'fast-check';
import { expect, test } from 'vitest';

import { resizeRgba } from '../src/resize.js';

type Colour = readonly [red: number, green: number, blue: number];

const rgba = (width: number, height: number, colour: (x: number, y: number) => Colour): Uint8Array =>
  Uint8Array.from(
    Array.from({ length: width * height }, (_, at) => [
      ...colour(at % width, Math.floor(at / width)),
      255,
    ]).flat(),
  );

const pattern = (x: number, y: number): Colour => [
  (37 * x + 11 * y * y) % 256,
  (x * x * y + 90) % 256,
  (201 * y + 5 * x) % 256,
];

const red = (data: Uint8Array): readonly number[] => [...data].filter((_, index) => index % 4 === 0);

/** Red planes of Image.resize((size, size), Image.BILINEAR) in Pillow 13.0, whose intermediate image has 8 bits. */
const PILLOW = [
  [7, 5, 3, [37, 116, 195, 81, 157, 144, 175, 144, 101]],
  [5, 5, 2, [56, 130, 140, 159]],
  [
    ...([3, 4, 6] as const),
    [
      ...[0, 9, 28, 46, 65, 74, 6, 15, 34, 52, 71, 80, 17, 26, 45, 63, 82, 91],
      ...[38, 47, 66, 84, 103, 112, 72, 81, 100, 118, 137, 146, 99, 108, 127, 145, 164, 173],
    ],
  ],
] as const;

test.each(PILLOW)(
  '%d×%d to %d gives what Pillow gives, to the last unit',
  (width, height, size, expected) => {
    const resized = red(resizeRgba(rgba(width, height, pattern), { width, height }, size));
    expect(resized).toHaveLength(expected.length);
    resized.forEach((value, index) => {
      expect(Math.abs(value - (expected[index] ?? NaN))).toBeLessThanOrEqual(1);
    });
  },
);

const sides = fc.integer({ min: 1, max: 9 });

test('an image of one colour keeps it at every size', () => {
  fc.assert(
    fc.property(sides, sides, sides, fc.nat(255), (width, height, size, value) => {
      const flat = rgba(width, height, () => [value, 255 - value, 0]);
      const expected = [...rgba(size, size, () => [value, 255 - value, 0])];
      expect([...resizeRgba(flat, { width, height }, size)]).toEqual(expected);
    }),
    { seed: 1 },
  );
});

test('an image of that size stays as it is', () => {
  fc.assert(
    fc.property(sides, fc.nat(255), (side, seed) => {
      const image = rgba(side, side, (x, y) => pattern(x + seed, y));
      expect([...resizeRgba(image, { width: side, height: side }, side)]).toEqual([...image]);
    }),
    { seed: 1 },
  );
});

test('a mirrored image is resized to the mirror image', () => {
  fc.assert(
    fc.property(sides, sides, sides, (width, height, size) => {
      const plain = red(resizeRgba(rgba(width, height, pattern), { width, height }, size));
      const mirrored = rgba(width, height, (x, y) => pattern(width - 1 - x, y));
      const resized = red(resizeRgba(mirrored, { width, height }, size));
      const back = resized.map((_, at) => resized[at - (at % size) + size - 1 - (at % size)] ?? NaN);
      back.forEach((value, index) => {
        expect(Math.abs(value - (plain[index] ?? NaN))).toBeLessThanOrEqual(1);
      });
    }),
    { seed: 1 },
  );
});
