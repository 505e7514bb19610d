import { expect, test } from 'vitest';
import { planCampaign } from '../src/index.js';
import { campaignWith, sentencesWith } from './fixtures.js';

test('an unpaired model waits for both of the models that it is made with', () => {
  const campaign = campaignWith(`  unpaired: { unpair: { of: pruned, from: small, epochs: 1 } }
  pruned: { prune: { of: full } }
  small: { distill: { of: full } }`);
  const plan = planCampaign(campaign);
  expect(plan.task(2)).toMatchObject({
    ...{ kind: 'derive', model: 'unpaired', of: 'pruned', from: 'small', recipe: 'unpair' },
    needs: ['pruned', 'small'],
    parameters: { epochs: 1, adversarial: 0.2, epsilon: 6 / 255, steps: 2, distillation: 0.7, cosine: 0 },
  });
  expect([0, 1].map((index) => plan.task(index))).toMatchObject([
    { model: 'pruned', from: null },
    { model: 'small', from: null },
  ]);
});

test('the reference must be there, name a model, belong to the entry, and not lead back', () => {
  expect(sentencesWith('  a: { unpair: { of: full } }')[0]).toMatch(/^models\.a\.unpair\.from /);
  expect(sentencesWith('  a: { unpair: { of: full, from: ful } }')[0]).toBe(
    'models.a.unpair.from names no model, got "ful"; did you mean "full"?',
  );
  expect(sentencesWith('  a: { prune: { of: full, from: full } }')[0]).toMatch(/^models\.a\.prune\.from /);
  expect(sentencesWith('  a: { unpair: { of: full, from: b } }\n  b: { quantize: { of: a } }')).toEqual([
    'models.a.unpair.from must not be made of the model itself, got "b".',
  ]);
});

test('every parameter of the objective and of the choice among states has its bounds', () => {
  const sentence = (parameter: string): string | undefined =>
    sentencesWith(`  a: { unpair: { of: full, from: full, ${parameter} } }`)[0];
  expect(sentence('path: 1.5')).toBe('models.a.unpair.path must be a number from 0 to 1, got 1.5.');
  expect(sentence('pairs: 1')).toBe('models.a.unpair.pairs must be true or false, got 1.');
  expect(sentence('crossEntropy: -1')).toBe(
    'models.a.unpair.crossEntropy must be a number from 0 to 1000000, got -1.',
  );
  expect(sentence('distillation: x')).toMatch(/^models\.a\.unpair\.distillation must be a number from 0 to/);
  expect(sentence('features: -0.5')).toMatch(/^models\.a\.unpair\.features must be a number from 0 to/);
  expect(sentence('penalized: some')).toBe(
    'models.a.unpair.penalized must be one of all, clean, moved, got "some".',
  );
  expect(sentence('ramp: 2')).toBe('models.a.unpair.ramp must be a number from 0 to 1, got 2.');
  expect(sentence('warmup: -1')).toBe('models.a.unpair.warmup must be a number from 0 to 1, got -1.');
  expect(sentence('teacher: full')).toBe('models.a.unpair.teacher must be one of from, of, got "full".');
  expect(sentence('temperature: 0')).toBe(
    'models.a.unpair.temperature must be a number from 0.1 to 100, got 0.',
  );
  expect(sentence('heldOut: -1')).toBe('models.a.unpair.heldOut must be an integer of at least 0, got -1.');
  expect(sentence('heldOutSplit: val')).toBe(
    'models.a.unpair.heldOutSplit must be one of train, test, got "val".',
  );
  expect(sentence('maxAccuracyDrop: 2')).toBe(
    'models.a.unpair.maxAccuracyDrop must be a number from 0 to 1, got 2.',
  );
  expect(sentence('patience: 0.5')).toBe(
    'models.a.unpair.patience must be an integer of at least 0, got 0.5.',
  );
  expect(sentence('maxAcuracyDrop: 0.01')).toMatch(/did you mean "maxAccuracyDrop"/);
});
