import { runAttack } from '@unpair/attacks';
import { expect, test } from 'vitest';

import { observer, suffices } from '../src/access.js';
import { attack } from './support/attack-setup.js';
import { labelledSamples, randomModel } from '../../classifiers/test/support/linear-classifier.js';

const logits = Float32Array.of(0, Math.log(3), -Infinity, 2, 2, 0);

test('of an answer an attack sees what its access gives', () => {
  expect(observer('logits', { access: 'logits' })(logits, 2)).toEqual({ logits });
  expect(observer('labels', { access: 'logits' })(logits, 2)).toEqual({ labels: Int32Array.of(1, 0) });
  const { scores } = observer('scores', { access: 'logits' })(logits, 2);
  const share = 1 / (2 + Math.exp(-2));
  [0.25, 0.75, 0, share, share, share * Math.exp(-2)].forEach((expected, at) => {
    expect(scores[at]).toBeCloseTo(expected, 6);
  });
});

test('of the likeliest classes it sees as many as the target tells, ties by their number', () => {
  const seen = observer('top-k', { access: 'top-k', k: 2 })(logits, 2);
  expect(seen.best).toEqual(Int32Array.of(1, 0, 0, 1));
  expect(seen.scores[0]).toBeCloseTo(0.75, 6);
  expect(observer('top-k', { access: 'logits' })(logits, 2).best).toEqual(Int32Array.of(1, 0, 2, 0, 1, 2));
});

test('a target that gives more gives less as well', () => {
  expect(suffices({ access: 'logits' }, 'labels')).toBe(true);
  expect(suffices({ access: 'top-k', k: 3 }, 'labels')).toBe(true);
  expect(suffices({ access: 'top-k', k: 3 }, 'scores')).toBe(false);
  expect(suffices({ access: 'labels' }, 'top-k')).toBe(false);
});

test('an attack that needs scores is refused by a target that gives labels', async () => {
  const target = randomModel('target');
  const samples = await labelledSamples(target, 2);
  const common = {
    target,
    samples,
    parameters: {},
    threat: { norm: 'linf', epsilon: 0.03 } as const,
    seed: 1,
    cell: '',
  };
  const labels = { ...common, offer: { access: 'labels' } as const, surrogates: [target] };
  await expect(runAttack({ ...labels, definition: attack('square') })).rejects.toThrow(
    "square needs the target's logits; the target gives labels",
  );
  expect(await runAttack({ ...labels, definition: attack('pgd') })).toHaveLength(2);
});
