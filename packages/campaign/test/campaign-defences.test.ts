import { describe, expect, test } from 'vitest';
import { parseCampaign } from '../src/index.js';
import { sentences, valid, catalogue, withSection } from './fixtures.js';

test('all errors come at once, each with its line', () => {
  const file = `name: tiny
seeds: 1
dataset: { source: cifar10, samples: many }
models:
  full: { file: full.onnx }
  int8:
    quantize: { of: ful }
targets: [fill]
threat: { epsilon: 2 }
attacks:
  - pgd
  - rgf: { budget: 0 }
`;
  const result = parseCampaign(file, catalogue);
  expect(result.ok ? [] : result.violations.map(({ line, field }) => [line, field])).toEqual([
    [2, 'seeds'],
    [3, 'dataset.samples'],
    [7, 'models.int8.quantize.of'],
    [8, 'targets[0]'],
    [9, 'threat.epsilon'],
    [11, 'attacks[0].pgd'],
    [12, 'attacks[1].rgf.budget'],
  ]);
});

describe('a hostile file is refused', () => {
  const numbers = Array.from({ length: 200 }, (_, index) => index + 1).join(', ');

  test('when aliases multiply', () => {
    const layers = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`);
    const [sentence] = sentences(`a0: &a0 [x]\n${layers.join('\n')}\n`);
    expect(sentence).toBe(
      'campaign cannot be read: Excessive alias count indicates a resource exhaustion attack.',
    );
  });

  test('when a sweep has too many points', () => {
    const sweep = `{ steps: [${numbers}], stepSize: [${numbers.replaceAll(/(\d+)/g, '$1/999')}] }`;
    expect(sentences(withSection('attacks', `attacks: [{ pgd: ${sweep} }]`))).toEqual([
      'attacks[0].pgd must have at most 10000 combinations of its listed values, got 40000.',
    ]);
  });

  test('when the grid is too large', () => {
    const attacks = `attacks: [{ pgd: { steps: [${numbers}] } }]`;
    const epsilons = `[${Array.from({ length: 300 }, (_, index) => `${index + 1}/999`).join(', ')}]`;
    const file = withSection('attacks', attacks).replace('epsilon: 8/255', `epsilon: ${epsilons}`);
    expect(sentences(file)).toEqual([
      'attacks must keep the grid (targets × surrogates × epsilons × attacks) within 100000 cells, got 120000.',
    ]);
  });

  test('when it is too long', () => {
    expect(sentences(`${valid}#${'x'.repeat(1 << 20)}`)[0]).toMatch(
      /^campaign must be at most 1048576 characters/,
    );
  });

  test('when keys aim at prototypes', () => {
    expect(sentences(`${valid}__proto__: { polluted: 1 }\n`)[0]).toMatch(/^__proto__ is not a known key/);
  });
});
