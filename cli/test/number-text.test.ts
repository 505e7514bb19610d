import { pixels } from '@unpair/parameters';
import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';

import { plainValue, withLeadingZero } from '../src/commands/number-text.js';
import { ruleParser } from '../src/commands/rule-parser.js';

test.each([
  ['0.5', 0.5],
  ['.5', 0.5],
  ['-.5', -0.5],
  ['8', 8],
  ['1e-3', 0.001],
  ['true', true],
  ['false', false],
])('%s is a plain value', (text, value) => {
  expect(plainValue(text)).toBe(value);
});

test.each(['08', '1.', '', '.', 'nul', '[1]', '0x8', ' 8'])('"%s" stays text', (text) => {
  expect(plainValue(text)).toBe(text);
});

test('amounts of pixels may lack their zero as well', () => {
  const parse = ruleParser(pixels(Infinity, '2/255'));
  expect(parse('.02')).toBe(0.02);
  expect(withLeadingZero('8/255')).toBe('8/255');
  expect(() => parse('.')).toThrow(InvalidArgumentError);
});
