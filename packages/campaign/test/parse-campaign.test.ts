import { describe, expect, test } from 'vitest';
import { checkEpsilons, checkGoal, checkSamples, surrogateOf, violationSentence } from '../src/index.js';
import { parsed, sentences, valid, withSection } from './fixtures.js';

describe('placement', () => {
  test('is kept as it is', () => {
    const { placement } = parsed(`${valid}placement: { device: cuda, label: night-shift, mixed: true }\n`);
    expect(placement).toEqual({ device: 'cuda', label: 'night-shift', mixed: true });
  });

  test.each([
    ['{ device: tpu }', 'placement.device must be one of cpu, cuda, webgpu, got "tpu".'],
    ['{ mixed: maybe }', 'placement.mixed must be true or false, got "maybe".'],
    ['{ zone: a }', 'placement.zone is not a known key; known are device, label, mixed.'],
    [
      '{ label: a.b }',
      'placement.label must be 1 to 32 lower-case letters, digits and "-", with no "-" at either end, got "a.b".',
    ],
  ])('%s is refused', (placement, sentence) => {
    expect(sentences(`${valid}placement: ${placement}\n`)).toEqual([sentence]);
  });
});

describe('a good file', () => {
  test('has its fractions evaluated, its defaults filled in and its sweeps expanded', () => {
    const campaign = parsed(valid);
    expect(campaign).toMatchObject({
      name: 'tiny',
      seed: 7,
      dataset: { source: 'cifar10', split: 'test', samples: 60 },
      targets: [{ model: 'full' }],
      surrogates: [surrogateOf('int8'), surrogateOf('stranger')],
      similarity: { pairs: 'attacked', perturbed: true },
      threat: { norm: 'linf', epsilons: [8 / 255] },
      placement: { mixed: false },
      shardSize: 25,
    });
    expect([...campaign.models]).toEqual([
      ['full', { kind: 'file', file: 'full.onnx' }],
      ['int8', { kind: 'quantize', maker: 'publisher', of: 'full', parameters: { weights: 8 } }],
      ['stranger', { kind: 'file', file: 'stranger.onnx' }],
    ]);
    expect(campaign.attacks.map(({ attack, parameters }) => [attack, parameters])).toEqual([
      ['pgd', { steps: 10, stepSize: null, randomStart: true }],
      ['pgd', { steps: 40, stepSize: null, randomStart: true }],
      ['rgf', { budget: 500 }],
      ['p-rgf', { budget: 500 }],
    ]);
  });

  test('may be JSON', () => {
    const json = JSON.stringify(
      {
        name: 'tiny',
        dataset: { source: 'cifar10', split: 'train', samples: 5 },
        models: { full: { file: 'a.onnx' } },
        targets: ['full'],
        threat: { epsilon: [0.5, '1/255'] },
        attacks: ['rgf'],
      },
      null,
      '\t',
    );
    expect(parsed(json)).toMatchObject({ seed: 0, surrogates: [], threat: { epsilons: [0.5, 1 / 255] } });
  });

  test('sweeps every combination of listed parameters', () => {
    const file = withSection('attacks', 'attacks:\n  - pgd: { steps: [1, 2], stepSize: [1/255, 0.01] }');
    expect(
      parsed(file).attacks.map(({ parameters }) => [parameters['steps'], parameters['stepSize']]),
    ).toEqual([
      [1, 1 / 255],
      [1, 0.01],
      [2, 1 / 255],
      [2, 0.01],
    ]);
  });

  test('may limit an attack to the first samples', () => {
    const file = withSection('attacks', 'attacks:\n  - pgd\n  - rgf:\n    firstSamples: 20');
    expect(parsed(file).attacks.map(({ samples }) => samples)).toEqual([60, 20]);
  });

  test('may have an epsilon above 1 in l2, up to the diameter of the data', () => {
    const campaign = parsed(
      withSection('threat', 'threat: { norm: l2, epsilon: [1.5, 60] }').replace('- mi-fgsm', ''),
    );
    expect(campaign.threat.epsilons).toEqual([1.5, 60]);
    expect(checkEpsilons(campaign, 3600)).toEqual([]);
    expect(checkEpsilons(campaign, 2500).map(violationSentence)).toEqual([
      'threat.epsilon must be at most 50, which allows every image of 2500 values, got 60.',
    ]);
  });
});

describe('what attacks are to achieve', () => {
  const withGoal = (goal: string): string => valid.replace('epsilon: 8/255', `epsilon: 8/255, goal: ${goal}`);

  test.each([
    ['avoid', 'avoid'],
    ['', 'avoid'],
    ['{ reach: 0 }', { reach: 0 }],
    ['{ reach: next }', { reach: 'next' }],
    ['{ reach: random }', { reach: 'random' }],
    ['{ reach: least-likely }', { reach: 'least-likely' }],
  ])('goal: %s', (text, goal) => {
    expect(parsed(withGoal(text)).threat.goal).toEqual(goal);
  });

  test('is to avoid the label where the file says nothing', () => {
    expect(parsed(valid).threat.goal).toBe('avoid');
  });

  test('is no class that the data set has not', () => {
    const violations = (goal: string) => checkGoal(parsed(withGoal(goal)), 10).map(violationSentence);
    expect(['avoid', '{ reach: 9 }', '{ reach: next }'].flatMap(violations)).toEqual([]);
    expect(violations('{ reach: 10 }')).toEqual([
      'threat.goal.reach must be at most 9, the last class of the data set, got 10.',
    ]);
  });
});

test('samples beyond the data set are refused by whoever knows its size', () => {
  const campaign = parsed(valid);
  expect(checkSamples(campaign, 60)).toEqual([]);
  expect(checkSamples(campaign, 59).map(violationSentence)).toEqual([
    'dataset.samples must be at most 59, the size of cifar10 (test), got 60.',
  ]);
});
