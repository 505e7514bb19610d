import { argmax, crossEntropy } from '@unpair/classifiers';
import { expect, test } from 'vitest';

import type { Offer } from '../src/access.js';
import { limitedLogits } from '../src/limited.js';
import { runAttack } from '../src/scheduler/run-attack.js';
import { attack } from './support/attack-setup.js';
import { labelledSamples, randomModel } from '../../classifiers/test/support/linear-classifier.js';

const logits = Float32Array.of(1, 4, 2, 0, /**/ 3, 1, 3, -2);
const left = (offer: Offer): Float32Array => limitedLogits(logits, 2, offer);

test('scores say what logits say, but for a constant of each input', () => {
  const seen = left({ access: 'scores' });
  for (const row of [0, 1])
    for (const k of [0, 1, 2, 3])
      expect(crossEntropy(seen, k, row * 4, 4)).toBeCloseTo(crossEntropy(logits, k, row * 4, 4), 5);
  expect(left({ access: 'logits' })).toBe(logits);
});

test('rounded scores are multiples of a unit, and none is told from less than half of one', () => {
  const seen = left({ access: 'scores', decimals: 1 }).subarray(0, 4);
  expect([...seen].map(Math.exp).map((score) => Math.round(score * 1e4) / 1e4)).toEqual([
    0.05, 0.8, 0.1, 0.05,
  ]);
});

test('of the likeliest classes alone, the others share what is left and are never predicted', () => {
  const odds = [1, 4, 2, 0].map(Math.exp);
  const total = odds.reduce((sum, value) => sum + value);
  const seen = [...left({ access: 'top-k', k: 1 }).subarray(0, 4)].map(Math.exp);
  const hidden = (1 - (odds[1] ?? 0) / total) / 3;
  [hidden, (odds[1] ?? 0) / total, hidden, hidden].forEach((score, k) => {
    expect(seen[k]).toBeCloseTo(score, 5);
  });
  // Two classes of 0.5 each, of which one is shown: it stays the prediction.
  expect(argmax(limitedLogits(Float32Array.of(0, 0), 1, { access: 'top-k', k: 1 }))).toBe(0);
});

test('labels say nothing but the first of the largest, and an answer that is none stays none', () => {
  expect(left({ access: 'labels' })).toEqual(Float32Array.of(-1e4, 0, -1e4, -1e4, 0, -1e4, -1e4, -1e4));
  for (const access of ['labels', 'scores'] as const)
    expect(argmax(limitedLogits(Float32Array.of(1, Number.NaN, 0), 1, { access }))).toBe(-1);
});

test('attacks on scores break what they break on logits, and on less of them still do', async () => {
  const target = randomModel('target');
  const samples = await labelledSamples(target, 6);
  const successes = async (offer: Offer): Promise<number> => {
    const common = { definition: attack('square'), target, surrogates: [], samples, seed: 1, cell: '' };
    const threat = { norm: 'linf', epsilon: 0.1 } as const;
    const rows = await runAttack({ ...common, parameters: { budget: 200 }, threat, offer });
    return rows.filter(({ success }) => success).length;
  };
  const all = await successes({ access: 'logits' });
  expect(all).toBeGreaterThan(3);
  expect(await successes({ access: 'scores' })).toBe(all);
  expect(await successes({ access: 'top-k', k: 2, decimals: 3 })).toBeGreaterThan(3);
});

test('what a target hides is not gone by: a class out of the likeliest, or the least likely one', async () => {
  const target = randomModel('target');
  const common = { target, surrogates: [], samples: [], parameters: {}, seed: 1, cell: '' };
  const threat = { norm: 'linf', epsilon: 0.1 } as const;
  const topTwo = { ...common, threat, offer: { access: 'top-k', k: 2 } } as const;
  const reaching = { ...topTwo, definition: attack('square'), goal: { reach: 'next' } } as const;
  await expect(runAttack(reaching)).rejects.toThrow(
    "square needs the target's logits; the target gives top-2",
  );
  const least = {
    ...topTwo,
    definition: attack('pgd'),
    surrogates: [target],
    goal: { reach: 'least-likely' },
  } as const;
  await expect(runAttack(least)).rejects.toThrow(
    'the class that is least likely is not known of a target that gives top-2',
  );
});
