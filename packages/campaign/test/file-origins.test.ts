import { expect, test } from 'vitest';
import { defencesOf } from '../src/adaptive/defences.js';
import { areStrangers } from '../src/derivation.js';
import { surrogateOf } from '../src/index.js';
import { campaignWith, sentencesWith } from './fixtures.js';

test('a file that was made of the target is no stranger to it, one of which nothing is said is one', () => {
  const { models } = campaignWith(`  phone: { file: phone.tflite, of: full }
  pruned: { prune: { of: phone } }
  other: { file: other.onnx }`);
  const isStranger = (name: string): boolean => areStrangers(models, surrogateOf(name), 'full');
  expect(['phone', 'pruned', 'other'].map(isStranger)).toEqual([false, false, true]);
});

test('what was made of an unpaired model before is a defence as that is', () => {
  const campaign = campaignWith(`  tuned: { unpair: { of: full, from: full, adaptive: false } }
  phone: { file: phone.tflite, of: tuned }`);
  const defences = defencesOf({ ...campaign, surrogates: [surrogateOf('phone')] });
  expect(defences).toMatchObject([{ sibling: 'phone', target: 'full' }]);
});

test.each([
  ['phone: { file: a.onnx, of: ful }', 'models.phone.of names no model, got "ful"; did you mean "full"?'],
  ['phone: { file: a.onnx, of: 3 }', 'models.phone.of must be the name of a model, got 3'],
  [
    'phone: { file: a.onnx, of: phone }',
    'models.phone.of must not lead back to the model itself, got "phone"',
  ],
  [
    'phone: { file: a.onnx, of: q }\n  q: { quantize: { of: phone } }',
    'models.phone.of must not lead back to the model itself, got "q"',
  ],
  ['q: { quantize: { of: full }, of: full }', 'models.q.of belongs beside file, not beside a derived model'],
  [
    'far: { endpoint: "http://127.0.0.1:1", model: m, of: full }',
    'models.far.of belongs beside file, not beside endpoint',
  ],
])('bad input gets a sentence: %s', (models, sentence) => {
  expect(sentencesWith(`  ${models}`).join('\n')).toContain(sentence);
});
