import { expect, test } from 'vitest';
import type { Campaign } from '../src/index.js';
import { checkHeldOutSamples, heldOutSamplesOf, planCampaign, violationSentence } from '../src/index.js';
import { campaignWith } from './fixtures.js';

const campaignOf = (models: string, dataset = '{ source: cifar10, samples: 500 }'): Campaign =>
  campaignWith(models, { dataset });

const unpaired = (name: string, given: string, more = ''): string =>
  `  ${name}: { unpair: { of: full, from: full, adaptive: false, ${given} }${more} }`;

const three = [
  unpaired('few', 'heldOutSplit: test, heldOut: 200'),
  unpaired('many', 'heldOutSplit: test, heldOut: 3000'),
  unpaired('none', 'heldOut: 5000'),
].join('\n');

test('a campaign holds out as many samples as the hungriest of its models asks for', () => {
  expect(heldOutSamplesOf(campaignOf(three))).toBe(3000);
  const without = ['heldOut: 5000', 'heldOutSplit: test, heldOut: 0', 'heldOutSplit: test, epochs: 0'];
  for (const given of without) expect(heldOutSamplesOf(campaignOf(unpaired('a', given)))).toBe(0);
  const ready = unpaired('a', 'heldOutSplit: test', ', ready: a.onnx');
  expect(heldOutSamplesOf(campaignOf(ready))).toBe(0);
});

test('each model is measured on the last of them, none by default', () => {
  const plan = planCampaign(campaignOf(three));
  expect([0, 1, 2].map((index) => plan.task(index))).toMatchObject([
    { model: 'few', heldOut: { first: 2800, count: 200 }, trainingSamples: 50_000 },
    { model: 'many', heldOut: { first: 0, count: 3000 }, trainingSamples: 50_000 },
    { model: 'none', heldOut: null, trainingSamples: 50_000 },
  ]);
});

test('they must not be among those that are attacked', () => {
  const sentences = (campaign: Campaign, available?: number): readonly string[] =>
    checkHeldOutSamples(campaign, available).map(violationSentence);
  const campaign = campaignOf(three);
  expect(sentences(campaign, 3500)).toEqual([]);
  expect(sentences(campaign, 3499)).toEqual([
    'models.many.unpair.heldOut must be at most 2999, the samples of cifar10 (test) that are not attacked, got 3000.',
  ]);
  const attacked = 'the samples of cifar10 (test) that are not attacked';
  expect(sentences(campaign, 400)).toEqual([
    `models.few.unpair.heldOut must be at most 0, ${attacked}, got 200.`,
    `models.many.unpair.heldOut must be at most 0, ${attacked}, got 3000.`,
  ]);
  const elsewhere = campaignOf(three, '{ source: cifar10, split: train, samples: 500 }');
  expect(sentences(elsewhere, 3000)).toEqual([]);
  expect(sentences(elsewhere, 2999)).toEqual([
    'models.many.unpair.heldOut must be at most 2999, the size of cifar10 (test), got 3000.',
  ]);
  expect(sentences(campaignOf(unpaired('none', 'heldOut: 5000')))).toEqual([]);
});

test('nor must those be on which a model was chosen that is made already', () => {
  const ready = unpaired('a', 'heldOutSplit: test, heldOut: 2000', ', ready: a.onnx');
  const sentences = (dataset: string, available: number): readonly string[] =>
    checkHeldOutSamples(campaignOf(ready, dataset), available).map(violationSentence);
  expect(sentences('{ source: cifar10, samples: 8000 }', 10_000)).toEqual([]);
  expect(sentences('{ source: cifar10, samples: 8001 }', 10_000)).toEqual([
    'models.a.unpair.heldOut must be at most 1999, the samples of cifar10 (test) that are not attacked, got 2000.',
  ]);
  // Wherever it was made, this data set has none that it could have been chosen on.
  expect(checkHeldOutSamples(campaignOf(ready, '{ source: tiny.npz, samples: 4 }'), undefined)).toEqual([]);
});

test('a data set without a test split has none to hold out', () => {
  const campaign = campaignOf(
    unpaired('a', 'heldOutSplit: test, heldOut: 8'),
    '{ source: tiny.npz, samples: 4 }',
  );
  expect(checkHeldOutSamples(campaign, undefined).map(violationSentence)).toEqual([
    'models.a.unpair.heldOut asks for 8 samples of the test split, but tiny.npz has no splits: take them from the training samples.',
  ]);
});
