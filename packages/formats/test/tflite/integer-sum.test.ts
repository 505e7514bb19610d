import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { gradient } from '@unpair/graph';

import { decodeTflite } from '../../src/index.js';
import type { Sum } from './support/every-pair.js';
import { SUMS, digestOf, everyPair, everyValue } from './support/every-pair.js';
import { writeTflite } from './support/model-writer.js';
import { runImages } from './support/run.js';

/** Digests of what LiteRT computes of all 65,536 pairs, written by scripts/generate-golden.ts. */
const GOLDEN = JSON.parse(
  readFileSync(new URL('golden/sums.golden.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>;

describe('every sum of two 8-bit values is the integer that LiteRT computes', () => {
  test.each(Object.entries(SUMS))('%s', async (name, sum) => {
    const graph = decodeTflite(writeTflite(everyPair(sum)));
    const { data } = await runImages(graph, everyValue(sum), 1);
    expect(digestOf(sum, Array.from(data, Number))).toBe(GOLDEN[name]);
  });
});

describe('derivatives of an 8-bit sum pass straight through its rounding where it does not saturate', () => {
  test.each(Object.entries(SUMS))('%s', async (_, sum) => {
    const graph = decodeTflite(writeTflite(everyPair(sum)));
    const [of = '', wrt = ''] = [graph.outputs[0]?.name, graph.inputs[0]?.name];
    const derived = gradient(graph, { of, wrt: [wrt], keepOutputs: false });
    const { data } = await runImages(derived, everyValue(sum), 1);
    const expected = unsaturated(sum);
    Array.from(data, Number).forEach((slope, i) => {
      expect(Math.abs(slope - (expected[i] ?? NaN))).toBeLessThanOrEqual(2 ** -13 * 256);
    });
  });
});

/** For each value of the first operand, how many of the second give a result inside the range of 8 bits. */
function unsaturated([op, [a, b, out]]: Sum): readonly number[] {
  const sign = op === 'ADD' ? 1 : -1;
  return Array.from({ length: 256 }, (_, i) => {
    const results = Array.from({ length: 256 }, (_, j) => {
      const real = (i - 128 - a.zeroPoint) * a.scale + sign * (j - 128 - b.zeroPoint) * b.scale;
      return real / out.scale + out.zeroPoint;
    });
    return results.filter((result) => result >= -128.5 && result < 127.5).length;
  });
}
