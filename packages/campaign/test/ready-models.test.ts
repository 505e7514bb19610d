import { expect, test } from 'vitest';
import { defencesOf, undefendedOf } from '../src/adaptive/defences.js';
import { checkTrainingSamples, planCampaign, surrogateOf, trainingSamplesOf } from '../src/index.js';
import { campaignWith, sentencesWith } from './fixtures.js';

const unpaired = '{ of: full, from: full, adaptive: false }';

test('a model that is made already is not derived, and what is made of it does not wait', () => {
  const campaign = campaignWith(`  tuned: { unpair: ${unpaired}, ready: tuned.onnx }
  int8: { quantize: { of: tuned } }`);
  expect(campaign.models.get('tuned')).toMatchObject({ kind: 'unpair', of: 'full', ready: 'tuned.onnx' });
  const plan = planCampaign(campaign);
  expect(plan.task(0)).toMatchObject({ kind: 'derive', model: 'int8', of: 'tuned', needs: [] });
  expect(plan.task(1)).toMatchObject({ kind: 'accuracy', model: 'full' });
});

test('its making asks for no training samples', () => {
  const made = campaignWith(`  tuned: { unpair: ${unpaired}, ready: tuned.onnx }`);
  const unmade = campaignWith(`  tuned: { unpair: ${unpaired} }`);
  const one = { count: 1, isDivided: true };
  expect([made, unmade].map(trainingSamplesOf)).toEqual([0, 50_000]);
  expect(checkTrainingSamples(made, one)).toEqual([]);
  expect(checkTrainingSamples(unmade, one)).toHaveLength(1);
});

test('it is the defence that it would have been, with the same counterpart', () => {
  const ready = campaignWith(`  int8: { quantize: { of: full } }
  tuned: { unpair: ${unpaired}, ready: tuned.onnx }
  safe: { quantize: { of: tuned }, ready: safe.onnx }`);
  const parts = { ...ready, surrogates: [surrogateOf('int8'), surrogateOf('safe')] };
  const defences = defencesOf(parts);
  expect(defences).toMatchObject([{ sibling: 'safe', target: 'full' }]);
  expect(defences.map((defence) => undefendedOf(defence, parts))).toEqual(['int8']);
});

test.each([
  ['full2: { file: a.onnx, ready: b.onnx }', 'belongs beside a derived model, not beside file'],
  ['a: { ready: b.onnx }', 'must be a map with exactly one of the keys'],
  ['a: { ready: 3, quantize: { of: full } }', 'models.a.ready must be the path of a model file, got 3'],
  ['a: { file: a.onnx, quantize: { of: full }, ready: b.onnx }', 'got file and quantize'],
])('bad input gets a sentence: %s', (models, sentence) => {
  const sentences = sentencesWith(`  ${models}`);
  expect(sentences.join('\n')).toContain(sentence);
});
