import { createEnsemble } from '@unpair/classifiers';
import { expect, test } from 'vitest';

import { labelledSamples, randomModel } from './support/linear-classifier.js';

const [first, second] = [randomModel('first'), randomModel('second')];
const samples = await labelledSamples(first, 3);
const inputs = Float32Array.from(samples.flatMap(({ input }) => [...input]));
const labels = Int32Array.from(samples, ({ label }) => label);

test('an ensemble has the mean of its members’ losses, gradients and logits', async () => {
  const ensemble = createEnsemble([first, second]);
  const answer = await ensemble.lossGradients(inputs, labels, 3);
  const [own, other] = [
    await first.lossGradients(inputs, labels, 3),
    await second.lossGradients(inputs, labels, 3),
  ];
  for (const part of ['losses', 'gradients', 'logits'] as const) {
    expect(answer[part]).toHaveLength(own[part].length);
    answer[part].forEach((value, at) => {
      expect(value).toBeCloseTo(((own[part][at] ?? 0) + (other[part][at] ?? 0)) / 2, 6);
    });
  }
  expect(await ensemble.logits(inputs, 3)).toEqual(answer.logits);
  expect([ensemble.shape, ensemble.classes]).toEqual([first.shape, first.classes]);
});

test('an ensemble of one model is that model', async () => {
  const answer = await createEnsemble([first]).lossGradients(inputs, labels, 3);
  expect(answer).toEqual(await first.lossGradients(inputs, labels, 3));
});

test('members that differ in their inputs or classes are refused, and so is an ensemble of none', () => {
  const wider = randomModel('wider', [3, 8, 6]);
  expect(() => createEnsemble([first, wider])).toThrow(
    'members must be alike, got inputs [3, 6, 6] of 5 classes and inputs [3, 8, 6] of 5 classes',
  );
  expect(() => createEnsemble([])).toThrow('at least one member');
});
