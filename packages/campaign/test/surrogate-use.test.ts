import { expect, test } from 'vitest';
import { planCampaign } from '../src/index.js';
import { BUILT_IN } from '../src/built-in.js';
import { parsed, sentences } from './fixtures.js';

const file = (surrogates: string): string => `
name: uses
dataset: { source: cifar10, samples: 20 }
models:
  full: { file: full.onnx }
  int8: { quantize: { of: full, weights: [8, 4] } }
  stranger: { file: stranger.onnx }
targets: [full]
surrogates: ${surrogates}
similarity: { perturbed: false }
threat: { epsilon: 8/255 }
attacks: [pgd]
`;

test('a surrogate that is used otherwise is another, by its name, and is compared and attacked through', () => {
  const campaign = parsed(
    file(`
  - stranger
  - { model: stranger, backward: sgm }
  - { model: int8, backward: { linbp: { from: 0.25 } } }
  - { ensemble: [stranger, full], by: logits }
  - { ensemble: [stranger, full], by: probabilities, backward: { bpa: { from: 0.5 } } }
  - { ensemble: [full, stranger], by: losses }`),
    BUILT_IN,
  );
  expect(campaign.surrogates.map(({ name }) => name)).toEqual([
    'stranger',
    'stranger@sgm',
    'int8[weights=8]@linbp(from=0.25)',
    'int8[weights=4]@linbp(from=0.25)',
    'stranger+full@logits',
    'stranger+full@probabilities@bpa',
    'full+stranger',
  ]);
  expect(campaign.surrogates[5]).toMatchObject({
    models: ['stranger', 'full'],
    fusion: 'probabilities',
    backward: { rule: 'bpa', from: 0.5, temperature: 10 },
  });
  const plan = planCampaign(campaign);
  const kinds = Array.from({ length: plan.size }, (_, index) => plan.task(index)).map((task) =>
    task.kind === 'attack' || task.kind === 'similarity' || task.kind === 'alignment' ? task.kind : '',
  );
  const count = (kind: string): number => kinds.filter((one) => one === kind).length;
  // Features are those of the model, however its gradients are taken.
  expect([count('attack'), count('similarity'), count('alignment')]).toEqual([7, 7, 1]);
});

test.each([
  [
    '[{ by: logits }]',
    'surrogates[0] must be a map with either of the keys model and ensemble, got neither.',
  ],
  [
    '[{ model: full, ensemble: [full, stranger] }]',
    'surrogates[0] must be a map with either of the keys model and ensemble, got both.',
  ],
  [
    '[{ model: full, backward: bp }]',
    'surrogates[0].backward must be sgm, linbp, bpa, or a map such as {sgm: {decay: 0.5}}, got "bp".',
  ],
  [
    '[{ model: full, backward: { sgm: { decay: 2 } } }]',
    'surrogates[0].backward.sgm.decay must be a number from 0 to 1, got 2.',
  ],
  [
    '[{ model: full, backward: { sgm: { decay: [0.1, 0.2] } } }]',
    'surrogates[0].backward.sgm.decay must be one number, got a list.',
  ],
  [
    '[{ ensemble: [full, stranger], by: votes }]',
    'surrogates[0].by must be one of losses, logits, probabilities, got "votes".',
  ],
])('%s is refused', (surrogates, sentence) => {
  expect(sentences(file(surrogates), BUILT_IN)).toEqual([sentence]);
});
