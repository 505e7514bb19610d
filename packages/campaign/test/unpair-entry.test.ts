import { expect, test } from 'vitest';
import { parseCampaign, planCampaign, violationSentence } from '../src/index.js';

const file = (models: string): string => `name: defend
dataset: { source: cifar10, samples: 10 }
models:
  full: { file: full.onnx }
${models}
targets: [full]
surrogates: [full]
threat: { epsilon: 8/255 }
attacks: [pgd]
`;

function sentences(models: string): readonly string[] {
  const parsed = parseCampaign(file(models));
  return parsed.ok ? [] : parsed.violations.map(violationSentence);
}

test('an unpaired model waits for both of the models that it is made with', () => {
  const parsed = parseCampaign(
    file(`  unpaired: { unpair: { of: pruned, from: small, epochs: 1 } }
  pruned: { prune: { of: full } }
  small: { distill: { of: full } }`),
  );
  if (!parsed.ok) throw new Error(parsed.violations.map(violationSentence).join(' '));
  const plan = planCampaign(parsed.campaign);
  expect(plan.task(2)).toMatchObject({
    ...{ kind: 'derive', model: 'unpaired', of: 'pruned', from: 'small', recipe: 'unpair' },
    needs: ['pruned', 'small'],
    parameters: { epochs: 1, adversarial: 0.5, epsilon: 8 / 255, steps: 3, cosine: 1, smoothness: 0 },
  });
  expect([0, 1].map((index) => plan.task(index))).toMatchObject([
    { model: 'pruned', from: null },
    { model: 'small', from: null },
  ]);
});

test('the reference must be there, name a model, belong to the entry, and not lead back', () => {
  expect(sentences('  a: { unpair: { of: full } }')[0]).toMatch(/^models\.a\.unpair\.from /);
  expect(sentences('  a: { unpair: { of: full, from: ful } }')[0]).toBe(
    'models.a.unpair.from names no model, got "ful"; did you mean "full"?',
  );
  expect(sentences('  a: { prune: { of: full, from: full } }')[0]).toMatch(/^models\.a\.prune\.from /);
  expect(sentences('  a: { unpair: { of: full, from: b } }\n  b: { quantize: { of: a } }')).toEqual([
    'models.a.unpair.from must not be made of the model itself, got "b".',
  ]);
});
