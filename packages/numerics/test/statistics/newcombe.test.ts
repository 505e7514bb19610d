import { expect, test } from 'vitest';
import { newcombe, wilson } from '../../src/index.js';

test.each([
  // Newcombe 1998, Statistics in Medicine 17:873, table II, method 10.
  [56, 70, 48, 80, 0.2, 0.0524, 0.3339],
  [9, 10, 3, 10, 0.6, 0.1705, 0.809],
  [10, 10, 0, 10, 1, 0.6075, 1],
])('the difference of %i of %i and %i of %i', (a, m, b, n, value, low, high) => {
  const difference = newcombe(wilson(a, m), wilson(b, n));
  expect(difference.value).toBeCloseTo(value, 10);
  expect(difference.low).toBeCloseTo(low, 4);
  expect(difference.high).toBeCloseTo(high, 4);
});
