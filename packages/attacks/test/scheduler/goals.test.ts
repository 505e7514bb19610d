import type { AttackRow, GoalChoice } from '@unpair/attacks';
import { runAttack } from '@unpair/attacks';
import type { Sample } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import { expect, test } from 'vitest';

import { goalOf } from '../../src/goal.js';
import { attack } from '../support/attack-setup.js';
import { labelledSamples, randomModel } from '../../../classifiers/test/support/linear-classifier.js';

const target = randomModel('target');
const samples = (await labelledSamples(target, 21)).filter(({ index }) => index % 7 !== 6);
const threat = { norm: 'l2', epsilon: 3 } as const;

/** Rows of an attack through the target itself, and the classes that the target saw in what it was sent, by sample. */
async function run(
  name: string,
  goal: GoalChoice,
  parts: readonly Sample[] = samples,
): Promise<{ readonly rows: readonly AttackRow[]; readonly last: ReadonlyMap<number, number> }> {
  const last = new Map<number, number>();
  const rows: AttackRow[] = [];
  for (const sample of parts) {
    const logits = async (inputs: Float32Array, count: number): Promise<Float32Array> => {
      const answer = await target.logits(inputs, count);
      last.set(sample.index, argmax(answer, (count - 1) * target.classes, target.classes));
      return answer;
    };
    const { shape, classes } = target;
    const watched = { shape, classes, logits, close: () => target.close() };
    const models = { target: watched, surrogates: [target], samples: [sample] };
    const settings = { definition: attack(name), parameters: {}, threat, goal, seed: 5, cell: name };
    rows.push(...(await runAttack({ ...models, ...settings })));
  }
  return { rows, last };
}

test.each(['pgd', 'mi-fgsm', 'p-rgf', 'rgf', 'square'])(
  '%s leads the target to the class after the label',
  async (name) => {
    const { rows, last } = await run(name, { reach: 'next' });
    const reached = rows.filter(({ success }) => success);
    expect(reached.length).toBeGreaterThan(rows.length / 2);
    // The last evaluation is that of the rounded example.
    for (const { sample, label } of reached) expect(last.get(sample)).toBe((label + 1) % target.classes);
  },
);

test('another wrong class is no success', async () => {
  const sent = samples.map((sample) => ({ ...sample, label: sample.label }));
  const { rows: avoiding } = await run('mi-fgsm', 'avoid', sent);
  const { rows: reaching } = await run('mi-fgsm', { reach: 'least-likely' }, sent);
  const count = (rows: readonly AttackRow[]): number => rows.filter(({ success }) => success).length;
  expect(count(reaching)).toBeLessThanOrEqual(count(avoiding));
  expect(count(reaching)).toBeGreaterThan(0);
});

test('samples whose label is the class to reach are left out', async () => {
  const { rows } = await run('mi-fgsm', { reach: 1 });
  expect(rows.map(({ sample }) => sample)).toEqual(
    samples.filter(({ label }) => label !== 1).map(({ index }) => index),
  );
  expect(rows.length).toBeLessThan(samples.length);
});

test('a class is drawn for each sample, never its label, and all of the others come up', () => {
  const clean = Float32Array.of(0, 1, 2, 3);
  const drawn = [0, 1, 2].map((value) => goalOf({ reach: 'random' }, 1, clean, () => value));
  expect(drawn).toEqual([2, 3, 0].map((wanted) => ({ kind: 'reach', class: wanted })));
});

test('the least likely class is never the label', () => {
  const draw = (): number => 0;
  expect(goalOf({ reach: 'least-likely' }, 0, Float32Array.of(3, -1, -2), draw)).toEqual({
    kind: 'reach',
    class: 2,
  });
  expect(goalOf({ reach: 'least-likely' }, 0, Float32Array.of(0, 0, 0), draw)).toEqual({
    kind: 'reach',
    class: 1,
  });
});

test('a goal that no attack can have is refused in one sentence', async () => {
  await expect(run('pgd', { reach: 5 })).rejects.toThrow('the class to reach must be 0 to 4, got 5');
  const one = { ...attack('pgd'), goals: ['avoid'] as const };
  const options = {
    definition: one,
    parameters: {},
    target,
    surrogates: [target],
    samples,
    threat,
    seed: 1,
    cell: '',
  };
  await expect(runAttack({ ...options, goal: { reach: 1 } })).rejects.toThrow(
    'pgd cannot be run to reach a class',
  );
});
