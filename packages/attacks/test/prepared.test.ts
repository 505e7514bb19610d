import type { PreparedAttack } from '@unpair/attacks';
import { isPrepared, knownAttacks, readChoice, runAttack } from '@unpair/attacks';
import { expect, test } from 'vitest';
import { labelledSamples, randomModel, siblingOf } from '../../classifiers/test/support/linear-classifier.js';

const target = randomModel('target', [2, 5, 5], 4);
const surrogates = [siblingOf(target)];
const samples = await labelledSamples(target, 16);
const threat = { norm: 'linf', epsilon: 0.05 } as const;
const parameters = { budget: 60, gradients: 60, trial: 8 };
const common = { parameters, target, threat, seed: 7, cell: 'cell' };

function prepared(name: string): PreparedAttack {
  const found = knownAttacks.get(name);
  if (found === undefined || !isPrepared(found)) throw new Error(`${name} is no prepared attack`);
  return found;
}

const { preparation } = prepared('auto');

test('auto tries what fits, whatever the batches, and bills every query of the trial', async () => {
  let told = 0;
  const options = { ...common, surrogates, samples: samples.slice(0, 8) };
  const made = await preparation.make({ ...options, onQueries: (count) => (told += count) });
  expect(told).toBe(made.queries);
  expect((await preparation.make({ ...options, batchSize: 3 })).bytes).toEqual(made.bytes);
  const { chosen, tried } = readChoice(made.bytes);
  const names = tried.map(({ attack }) => attack);
  expect(names).toContain('square-from-transfer');
  expect(names).toContain('dem');
  // Too many gradients, and searches by labels of a target that gives scores.
  expect(names).not.toContain('bsr');
  expect(names).not.toContain('ray-s');
  const best = tried.find(({ attack }) => attack === chosen);
  expect(best?.successes).toBe(Math.max(...tried.map(({ successes }) => successes)));
  expect(made.queries).toBe(tried.reduce((sum, { queries }) => sum + queries, 0));
});

test('auto attacks the others with the one that did best, within its budget', async () => {
  const made = await preparation.make({ ...common, surrogates, samples: samples.slice(0, 8) });
  const { definition, parameters: own } = preparation.use(made.bytes, parameters);
  expect(definition.name).toBe(readChoice(made.bytes).chosen);
  const rows = await runAttack({
    ...common,
    definition,
    parameters: own,
    surrogates,
    samples: samples.slice(8),
  });
  expect(rows.some(({ success }) => success)).toBe(true);
  for (const { queries } of rows) expect(queries).toBeLessThanOrEqual(parameters.budget);
});

test('of a target that gives labels, and without a surrogate, auto tries searches by labels', async () => {
  const options = {
    ...common,
    offer: { access: 'labels' },
    surrogates: [],
    samples: samples.slice(0, 4),
  } as const;
  const { tried } = readChoice((await prepared('auto-unaided').preparation.make(options)).bytes);
  expect(tried.map(({ attack }) => attack)).toEqual(['ray-s', 'hop-skip-jump', 'geoda']);
});

test('bytes that are no choice are refused', () => {
  for (const text of ['', '{', '{}', '{"chosen":3,"tried":[]}'])
    expect(() => preparation.use(new TextEncoder().encode(text), parameters)).toThrow(
      'the choice of an attack',
    );
});
