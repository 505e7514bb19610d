import { expect, test } from 'vitest';
import { parseCampaign, violationSentence } from '../src/index.js';
import { defendFile } from './adaptive/defend-file.js';

/** What is wrong with a campaign that has this model as well. */
function sentences(model: string): readonly string[] {
  const parsed = parseCampaign(defendFile().replace('targets:', `  made: { ${model} }\ntargets:`));
  return parsed.ok ? [] : parsed.violations.map(violationSentence);
}

test.each([
  [
    'unpair: { of: full, from: full, patience: 2 }',
    'models.made.unpair.patience must be 0 unless maxAccuracyDrop is below 1, got 2.',
  ],
  [
    'unpair: { of: full, from: full, maxAccuracyDrop: 0.01, heldOut: 0 }',
    'models.made.unpair.heldOut must be above 0 with a maxAccuracyDrop of 0.01, got 0.',
  ],
  [
    'unpair: { of: full, from: full, adversarial: 0.8, noise: 0.5 }',
    'models.made.unpair.adversarial must be at most 1 together with noise and path, got 0.8 with 0.5 and 0.',
  ],
  [
    'unpair: { of: full, from: full, epsilon: 6 }',
    'models.made.unpair.epsilon must be a pixel amount above 0 and at most 1, such as 2/255, got 6.',
  ],
  [
    'distill: { of: full, depth: 7 }',
    'models.made.distill.depth must be 6·k + 2 from 8 to 110, or 0, got 7.',
  ],
  [
    'distill: { of: full, architecture: convnet, depth: 7 }',
    'models.made.distill.depth must be 0: the family has no such size, got 7.',
  ],
  [
    'prune: { of: int8 }',
    'models.made.prune.of must be a model with float weights, got "int8", which is quantized: prune first and quantize what comes out.',
  ],
  [
    'interpolate: { of: full, from: int8 }',
    'models.made.interpolate.from must be a model with float weights, got "int8", which is quantized: interpolate first and quantize what comes out.',
  ],
  // Said once, where the list stands.
  [
    'unpair: { of: full, from: full, noise: [0.1, 0.9, 1], adversarial: [0.1, 0.2] }',
    'models.made.unpair.adversarial must be at most 1 together with noise and path, got 0.1 with 1 and 0.',
  ],
])('%s is refused before anything starts', (model, sentence) => {
  expect(sentences(model)).toEqual([sentence]);
});

test.each([
  'unpair: { of: full, from: full, maxAccuracyDrop: 0.01, patience: 2 }',
  'unpair: { of: full, from: full, adversarial: 0.3, noise: 0.3, path: 0.4 }',
  'distill: { of: full, depth: 8, width: 8 }',
  'distill: { of: int8 }',
  'prune: { of: tuned }',
])('%s is fine', (model) => {
  expect(sentences(model)).toEqual([]);
});

test('what was unpaired through its rounding is quantized as well', () => {
  const models = 'unpair: { of: int8, from: full } }\n  thin: { prune: { of: made }';
  expect(sentences(models)).toEqual([
    'models.thin.prune.of must be a model with float weights, got "made", which is quantized: prune first and quantize what comes out.',
  ]);
});
