import {
  SIMILARITY_INPUTS,
  columnsOf,
  maskingKind,
  measureMasking,
  measureSimilarity,
  similarityKind,
} from '@unpair/measurements';
import type { AnyRow, RowKind } from '@unpair/measurements';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import {
  labelledSamples,
  randomModel,
  siblingOf,
} from '../../../classifiers/test/support/linear-classifier.js';

const target = randomModel('target');
const surrogate = siblingOf(target);
const samples = await labelledSamples(target, 10);

/** The first characters of a digest of what rows have always held, to the bit. */
function digestOf(kind: RowKind, rows: readonly AnyRow[]): string {
  const digested = columnsOf(kind).filter((column) => column.digested !== false);
  const fields = ['sample', ...digested.map(({ field }) => field)];
  const numbers = Float64Array.from(rows.flatMap((row) => fields.map((field) => Number(row[field]))));
  return createHash('sha256').update(new Uint8Array(numbers.buffer)).digest('hex').slice(0, 16);
}

test.each([
  ['linf', 0.03, ['2f27890897b48fe7', 'd6138a17b6f8fe36', '69c000b12161b386']],
  ['l2', 0.3, ['2f27890897b48fe7', '4f6b3aac6bcb456b', '2d91135aab45734e']],
] as const)('under %s the rows of every kind of inputs are what they were', async (norm, epsilon, pins) => {
  const options = { threat: { norm, epsilon }, seed: 5, batchSize: 4 };
  const digests: string[] = [];
  for (const inputs of SIMILARITY_INPUTS) {
    const rows = await measureSimilarity([surrogate], target, samples, { ...options, inputs });
    digests.push(digestOf(similarityKind, rows));
  }
  expect(digests).toEqual(pins);
});

test.each([
  ['clean', 'b363f521524c45ba'],
  ['adversarial', 'd2a12924170fdff8'],
] as const)('so are those of three surrogates together on %s inputs', async (inputs, pin) => {
  const options = { threat: { norm: 'linf', epsilon: 0.03 }, seed: 5, batchSize: 4, inputs } as const;
  const surrogates = [surrogate, randomModel('stranger'), randomModel('other')];
  expect(digestOf(similarityKind, await measureSimilarity(surrogates, target, samples, options))).toBe(pin);
});

test('the rows of the checks for masked gradients are what they were', async () => {
  const options = { threat: { norm: 'linf', epsilon: 0.03 }, seed: 5, batchSize: 4, budget: 60 } as const;
  expect(digestOf(maskingKind, await measureMasking(surrogate, samples, options))).toBe('527613a31b6f3bba');
});
