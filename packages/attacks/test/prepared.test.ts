import type { PreparedAttack } from '@unpair/attacks';
import { isPrepared, knownAttacks, readChoice, runAttack } from '@unpair/attacks';
import { createRandom } from '@unpair/numerics';
import { expect, test } from 'vitest';
import { problemOf } from './support/attack-setup.js';
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

test.each(['universal', 'patch'])(
  '%s is one perturbation, trained without a query and sent with one',
  async (name) => {
    const { preparation: own, ball } = prepared(name);
    const settings = {
      images: 16,
      epochs: 6,
      batch: 8,
      stepSize: 0.02,
      ...(name === 'patch' && { side: 3 }),
    };
    const options = { ...common, threat: ball ?? threat, parameters: settings, surrogates, samples };
    target.batches.length = 0;
    const made = await own.make(options);
    expect(made.queries + target.batches.length).toBe(0);
    expect((await own.make(options)).bytes).toEqual(made.bytes);
    const { definition } = own.use(made.bytes, settings);
    const rows = await runAttack({ ...options, definition });
    expect(rows.some(({ success }) => success)).toBe(true);
    for (const { queries, cleanCorrect } of rows) expect(queries).toBe(Number(cleanCorrect));
    const alone = await runAttack({ ...options, definition, batchSize: 1, samples: samples.slice(5, 6) });
    expect(alone[0]).toEqual(rows.find(({ sample }) => sample === alone[0]?.sample));
    expect(() => own.use(made.bytes.subarray(1), settings)).toThrow('a perturbation is of whole numbers');
  },
);

test('a patch changes a square and no other pixel', async () => {
  const { preparation: own } = prepared('patch');
  const settings = { images: 4, epochs: 1, batch: 4, side: 3, stepSize: 0.02 };
  const options = {
    ...common,
    threat: { norm: 'linf', epsilon: 1 },
    parameters: settings,
    surrogates,
  } as const;
  const { bytes } = await own.make({ ...options, samples: samples.slice(0, 4) });
  const [clean] = samples;
  if (clean === undefined) throw new Error('no sample');
  const problem = await problemOf(target, clean, options.threat);
  const random = createRandom({ seed: 1, cell: 'patch', sample: 0 });
  const request = own.use(bytes, settings).definition.run(problem, settings, random).next().value;
  const sent = request?.kind === 'query' ? request.inputs : new Float32Array();
  const changed = [...sent.keys()].filter((i) => sent[i] !== clean.input[i]).map((i) => i % 25);
  expect(Math.max(...changed.map((i) => i % 5)) - Math.min(...changed.map((i) => i % 5))).toBeLessThan(3);
  expect(Math.max(...changed) - Math.min(...changed)).toBeLessThan(15);
  await expect(own.make({ ...options, parameters: { ...settings, side: 6 }, samples })).rejects.toThrow(
    'at most 5',
  );
});
