import { priorWeight } from '@unpair/attacks';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test.each([
  [0.05, 0.009782],
  [0.1, 0.014492],
  [0.15, 0.034701],
])('for n = 3072, q = 50 the weight at α = %d is %d', (alpha, weight) => {
  expect(priorWeight(alpha, 3072, 50)).toBeCloseTo(weight, 6);
});

test('outside the thresholds the prior is ignored, or used alone', () => {
  expect(priorWeight(0.01776, 3072, 50)).toBe(0);
  expect(priorWeight(0.017762, 3072, 50)).toBeGreaterThan(0);
  expect(priorWeight(0.17672, 3072, 50)).toBeLessThan(1);
  expect(priorWeight(0.176722, 3072, 50)).toBe(1);
});

test('the weight is a share, and a better prior never gets less', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 300_000 }),
      fc.integer({ min: 1, max: 500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n, q, a, b) => {
        const [low, high] = [priorWeight(Math.min(a, b), n, q), priorWeight(Math.max(a, b), n, q)];
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(high).toBeGreaterThanOrEqual(low - 1e-9);
      },
    ),
  );
});
