import { createRandom, distance } from '@unpair/numerics';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { bump } from '../../src/search/square-bump.js';
import { changedShare } from '../../src/search/square-schedule.js';
import { norm } from '@unpair/numerics';
import { problemOf, start } from '../support/attack-setup.js';
import { drive } from '../support/drive.js';
import { labelledSamples, randomModel } from '../../../classifiers/test/support/linear-classifier.js';

test.each([
  [0, 1],
  [10, 1],
  [11, 2],
  [50, 2],
  [51, 4],
  [201, 8],
  [501, 16],
  [1001, 32],
  [2001, 64],
  [4001, 128],
  [6001, 256],
  [8001, 512],
  [9999, 512],
])('at iteration %d of 10,000 the share is the initial one over %d', (iteration, divisor) => {
  expect(changedShare(0.8, iteration, 10_000)).toBe(0.8 / divisor);
});

test('the schedule scales with the budget', () => {
  expect(changedShare(0.8, 5, 5000)).toBe(0.8);
  expect(changedShare(0.8, 6, 5000)).toBe(0.4);
  expect(changedShare(0.8, 2500, 5000)).toBe(0.8 / 128);
});

test('a bump has norm 1 and two halves of opposite sign', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), (side, sample) => {
      const values = bump(side, createRandom({ seed: 1, cell: 'bump', sample }));
      expect(norm(values)).toBeCloseTo(1, 5);
      expect(Math.sign(values[0] ?? 0)).toBe(1);
      expect(Math.sign(values[side * side - 1] ?? 0)).toBe(-1);
    }),
  );
});

test.each([
  ['linf', 0.05],
  ['l2', 0.5],
] as const)(
  'under %s every candidate is admissible, and only improvements are kept',
  async (kind, epsilon) => {
    const model = randomModel('square', [2, 9, 7], 4);
    for (const sample of await labelledSamples(model, 6)) {
      const problem = await problemOf(model, sample, { norm: kind, epsilon });
      const exchanges = await drive(start('square', problem, { budget: 300 }), model, sample, {
        budget: 300,
      });
      expect(exchanges).toHaveLength(300);
      for (const { inputs } of exchanges) {
        const [candidate = new Float32Array()] = inputs;
        expect(distance(candidate, sample.input)[kind]).toBeLessThanOrEqual(epsilon + 1e-6);
        expect(candidate.every((value) => value >= 0 && value <= 1)).toBe(true);
      }
      const margins = exchanges.map(({ logits }) => {
        const others = [...logits].filter((_, k) => k !== sample.label);
        return (logits[sample.label] ?? 0) - Math.max(...others);
      });
      expect(Math.min(...margins)).toBeLessThan(margins[0] ?? 0);
    }
  },
);

test('under linf every pixel is clean plus or minus epsilon, and each candidate differs from the one before', async () => {
  const model = randomModel('square', [2, 9, 7], 4);
  const sample = { index: 0, label: 0, input: new Float32Array(126).fill(0.5) };
  const problem = await problemOf(model, sample, { norm: 'linf', epsilon: 0.25 });
  const exchanges = await drive(start('square', problem, { budget: 100 }), model, sample, { budget: 100 });
  const [first = new Float32Array()] = exchanges[0]?.inputs ?? [];
  // Stripes: every row of a channel is the same.
  for (let at = 0; at < 63; at++) expect(first[at]).toBe(first[at % 7]);
  exchanges.forEach(({ inputs: [input = first] }) => {
    expect(input.every((value) => value === 0.25 || value === 0.75)).toBe(true);
  });
});
