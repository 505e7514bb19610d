import { describe, expect, test } from 'vitest';

import { planCampaign, requirementsOf } from '../src/index.js';
import { BUILT_IN } from '../src/built-in.js';
import { parsed, sentences } from './fixtures.js';

const file = (access: string, attacks = '[pgd, hop-skip-jump]', threat = 'epsilon: 8/255'): string => `
name: limits
dataset: { source: cifar10, samples: 20 }
models:
  full: { file: full.onnx${access} }
  int8: { quantize: { of: full } }
  copy: { imitate: { of: int8, from: full } }
targets: [full]
surrogates: [int8, copy]
threat: { ${threat} }
attacks: ${attacks}
`;
const cellsWith = (access: string, attacks: string): readonly string[] =>
  planCampaign(parsed(file(access, attacks), BUILT_IN)).cells.map(({ id }) => id.split('/linf')[0] ?? '');

test('cells of a target that gives less than its logits are others, and those of any other are what they were', () => {
  expect(cellsWith('', '[square]')).toEqual(['square/full/-']);
  expect(cellsWith(', access: logits', '[square]')).toEqual(['square/full/-']);
  expect(cellsWith(', access: scores', '[square]')).toEqual(['square/full(scores)/-']);
  expect(cellsWith(', access: { kind: top-k, k: 5, rounded: 2 }', '[square]')).toEqual([
    'square/full(top-5-rounded-2)/-',
  ]);
  expect(cellsWith(', access: labels', '[pgd, ray-s]')).toEqual([
    'pgd/full(labels)/int8',
    'pgd/full(labels)/copy',
    'ray-s/full(labels)/-',
  ]);
});

test('whoever has the file compares gradients as before: the limits are those of who asks', () => {
  const required = requirementsOf(parsed(file(', access: labels'), BUILT_IN));
  expect(required.get('full')).toBe('gradients');
});

describe('what cannot be is refused in one sentence', () => {
  test.each([
    [
      file(', access: labels', '[square]'),
      'attacks[0].square goes by scores, but models.full.access is labels: it must be logits, scores or top-k, or the attack one that sees labels alone, as ray-s does.',
    ],
    [
      file(
        ', access: { kind: top-k, k: 3 }',
        '[pgd, { rgf: { budget: 9 } }]',
        'epsilon: 0.1, goal: { reach: next }',
      ),
      'attacks[1].rgf goes by scores, which hide the class to reach where models.full.access is top-3: it must be scores or logits, or threat.goal avoid.',
    ],
    [
      file(', access: labels', '[pgd]', 'epsilon: 0.1, goal: { reach: least-likely }'),
      'threat.goal.reach must be another than least-likely where a target tells no scores of all classes, got models.full.access labels.',
    ],
    [
      file(', access: top-k'),
      'models.full.access must be logits, scores, labels, or a map such as {kind: top-k, k: 5}, got "top-k".',
    ],
    [
      file(', access: { kind: top-k }'),
      'models.full.access.k is missing: it must be an integer from 1 to 1000000.',
    ],
    [
      file(', access: { kind: scores, k: 2 }'),
      'models.full.access.k belongs beside kind top-k, not beside scores.',
    ],
    [
      file(', access: { kind: labels, rounded: 2 }'),
      'models.full.access.rounded belongs beside kind scores or top-k, not beside labels.',
    ],
    [
      file(', access: { kind: scores, rounded: 0 }'),
      'models.full.access.rounded must be an integer from 1 to 7, got 0.',
    ],
  ])('%s', (text, sentence) => {
    expect(sentences(text, BUILT_IN)).toEqual([sentence]);
  });

  test('beside a model that is made of another', () => {
    const text = file('').replace('int8: { quantize', 'int8: { access: labels, quantize');
    expect(sentences(text, BUILT_IN)).toEqual([
      'models.int8.access belongs beside file, not beside a derived model.',
    ]);
  });
});
