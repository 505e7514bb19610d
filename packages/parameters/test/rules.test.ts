import { expect, test } from 'vitest';
import { oneOf, parameterRule, pixels, quoted } from '../src/index.js';

test.each([
  ['8/255', 8 / 255],
  [' 0.5 / 2 ', 0.25],
  ['1e-4', 1e-4],
  [0.25, 0.25],
  ['8/', undefined],
  ['-1/2', undefined],
  ['', undefined],
  ['1/0', undefined],
  [0, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [true, undefined],
])('%j as an amount of the pixel range is %j', (given, amount) => {
  expect(pixels(Infinity, '2/255').accept(given)).toBe(amount);
});

test.each([
  [{ type: 'integer', min: 1, default: 1 }, 2, 2 ** 53, 'an integer of at least 1'],
  [{ type: 'number', min: 0, max: 1, default: 0 }, 0.5, Number.NaN, 'a number from 0 to 1'],
  [{ type: 'pixels', max: 1, default: 1 }, 1, 1.5, 'a pixel amount above 0 and at most 1, such as 2/255'],
  [{ type: 'boolean', default: true }, false, 'no', 'true or false'],
  [{ type: 'choice', choices: ['a', 'b'], default: 'a' }, 'b', 'c', 'one of a, b'],
] as const)('%o takes %j, and not %j', (spec, right, wrong, allowed) => {
  const rule = parameterRule({ ...spec, description: '' });
  expect([rule.accept(right), rule.accept(wrong), rule.allowed]).toEqual([right, undefined, allowed]);
});

test('a single choice is named without the others', () => {
  expect(oneOf('linf').allowed).toBe('linf');
});

test.each([
  [null, 'nothing'],
  [[], 'an empty list'],
  [[1], 'a list'],
  [new Map(), 'a map'],
  [{}, 'a map'],
  ['x'.repeat(61), `"${'x'.repeat(57)}..."`],
  [-0.5, '-0.5'],
])('%j is quoted as %s', (value, text) => {
  expect(quoted(value)).toBe(text);
});
