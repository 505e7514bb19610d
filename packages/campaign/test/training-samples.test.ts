import { expect, test } from 'vitest';
import type { Campaign, TrainingSplit } from '../src/index.js';
import { checkTrainingSamples, firstTrainingSample, violationSentence } from '../src/index.js';
import { campaignWith } from './fixtures.js';

const model = '  int8: { quantize: { of: full, calibration: 100 } }';
const tested = campaignWith(model, { dataset: '{ source: own, samples: 500 }' });
const trained = campaignWith(model, { dataset: '{ source: own, split: train, samples: 500 }' });
const divided = (count: number): TrainingSplit => ({ count, isDivided: true });
const undivided = (count: number): TrainingSplit => ({ count, isDivided: false });

const sentences = (campaign: Campaign, training: TrainingSplit): readonly string[] =>
  checkTrainingSamples(campaign, training).map(violationSentence);

test('models are made with all of the training split where the test split is attacked', () => {
  expect(firstTrainingSample(tested, divided(100))).toBe(0);
  expect(sentences(tested, divided(100))).toEqual([]);
  expect(sentences(tested, divided(99))).toEqual([
    'models.int8.quantize.calibration must be at most 99, the size of own (train), got 100.',
  ]);
});

test('what is attacked is not trained on: neither of a training split nor of a data set without splits', () => {
  expect(firstTrainingSample(trained, divided(600))).toBe(500);
  expect(sentences(trained, divided(600))).toEqual([]);
  expect(sentences(trained, divided(599))).toEqual([
    'models.int8.quantize.calibration must be at most 99, the samples of own (train) that are not attacked, got 100.',
  ]);
  expect(firstTrainingSample(tested, undivided(600))).toBe(500);
  expect(sentences(tested, undivided(600))).toEqual([]);
  expect(sentences(tested, undivided(400))).toEqual([
    'models.int8.quantize.calibration must be at most 0, the samples of own that are not attacked, got 100.',
  ]);
});
