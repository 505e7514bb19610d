import { assertAlike, gradientsOfBatch } from '@unpair/classifiers';
import { expect, test } from 'vitest';

import { labelledSamples, randomModel } from '../support/linear-classifier.js';

const [first, second] = [randomModel('first'), randomModel('second')];
const samples = await labelledSamples(first, 3);

test('of several models the gradients and logits are the means of theirs', async () => {
  const both = await gradientsOfBatch([first, second], samples, {});
  const [own, other] = [
    await gradientsOfBatch([first], samples, {}),
    await gradientsOfBatch([second], samples, {}),
  ];
  for (const part of ['gradient', 'logits'] as const) {
    both.forEach((sample, row) => {
      const means = sample[part].map(
        (_, at) => ((own[row]?.[part][at] ?? 0) + (other[row]?.[part][at] ?? 0)) / 2,
      );
      expect(sample[part]).toEqual(means);
    });
  }
});

test('an abort stops before the next model', async () => {
  const signal = AbortSignal.abort(new Error('stop'));
  await expect(gradientsOfBatch([first], samples, { signal })).rejects.toThrow('stop');
});

test('models that differ in their inputs or classes are not used together', () => {
  const wider = randomModel('wider', [3, 8, 6]);
  expect(() => {
    assertAlike([first, wider]);
  }).toThrow('members must be alike, got inputs [3, 6, 6] of 5 classes and inputs [3, 8, 6] of 5 classes');
  assertAlike([first, second]);
  assertAlike([]);
});
