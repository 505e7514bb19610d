import type { AttackRow } from '@unpair/attacks';
import { runAttack } from '@unpair/attacks';
import { argmax, margin } from '@unpair/classifiers';
import type { DifferentiableClassifier, Sample } from '@unpair/classifiers';
import { createRandom } from '@unpair/numerics';
import { describe, expect, test } from 'vitest';

import { isReached } from '../../src/goal.js';
import {
  LinearClassifier,
  randomModel,
  siblingOf,
} from '../../../classifiers/test/support/linear-classifier.js';
import { attack, problemOf, start } from '../support/attack-setup.js';
import { drive } from '../support/drive.js';

const model = randomModel('target');
const sibling = siblingOf(model);
const size = model.shape.reduce((product, side) => product * side, 1);
const threat = { norm: 'linf', epsilon: 0.06 } as const;

/** Samples with black and white pixels, on which finite differences leave the pixel range. */
const samples: readonly Sample[] = await Promise.all(
  Array.from({ length: 20 }, async (_, index) => {
    const random = createRandom({ seed: 4, cell: 'bordering', sample: index });
    const input = Float32Array.from({ length: size }, () =>
      Math.min(1, Math.max(0, 2 * random.uniform() - 0.5)),
    );
    return { index, input, label: argmax(await model.logits(input, 1)) };
  }),
);

const leaves = (value: number): boolean => value < 0 || value > 1;

/** The same model, but without an answer for inputs that `isBad`; its gradients are NaN there too. */
function without(
  base: LinearClassifier,
  isBad: (input: Float32Array) => boolean,
): LinearClassifier & { bad: number } {
  const partial = Object.assign(new LinearClassifier(base.shape, base.classes, base.weights), { bad: 0 });
  const spoilt = (inputs: Float32Array, count: number): readonly number[] =>
    [...new Array<undefined>(count).keys()].filter((row) =>
      isBad(inputs.subarray(row * size, (row + 1) * size)),
    );
  partial.logits = async (inputs, count) => {
    const logits = await base.logits(inputs, count);
    for (const row of spoilt(inputs, count)) {
      logits.fill(Number.NaN, row * base.classes, (row + 1) * base.classes);
      partial.bad++;
    }
    return logits;
  };
  partial.gradients = async (inputs, objective, count) => {
    const answer = await base.gradients(inputs, objective, count);
    for (const row of spoilt(inputs, count)) {
      answer.gradients.fill(0, row * size, (row + 1) * size);
      answer.invalid[row] = size;
    }
    return answer;
  };
  return partial;
}

function run(
  name: string,
  target: DifferentiableClassifier,
  surrogate: DifferentiableClassifier = sibling,
): Promise<readonly AttackRow[]> {
  const budget = attack(name).budget === null ? {} : { budget: 300 };
  const parameters = name.endsWith('rgf') ? { ...budget, samples: 20 } : budget;
  return runAttack({
    definition: attack(name),
    parameters,
    target,
    surrogates: attack(name).needsSurrogate ? [surrogate] : [],
    samples,
    threat,
    seed: 1,
    cell: name,
  });
}

const rate = (rows: readonly AttackRow[]): number =>
  rows.filter(({ success }) => success).length / rows.length;

describe('a target without an answer outside [0, 1]', () => {
  test.each(['rgf', 'p-rgf'])('is searched by %s inside, once it was asked outside', async (name) => {
    const inside = without(model, (input) => input.some(leaves));
    const rows = await run(name, inside);
    expect(rate(rows)).toBeGreaterThan(rate(await run(name, model)) - 0.2);
    // One request of each sample: 10 directions for the norm, 20 for a gradient, or 1 along the prior.
    expect(inside.bad).toBeLessThanOrEqual(20 * samples.length);
    expect(inside.bad).toBeGreaterThan(0);
  });

  test('is asked again at the same probes, on the border', async () => {
    const [sample] = samples;
    if (sample === undefined) throw new Error('there are samples');
    const inside = without(model, (input) => input.some(leaves));
    const problem = await problemOf(model, sample, threat);
    const exchanges = await drive(start('rgf', problem, { samples: 5 }), inside, sample, { requests: 4 });
    const clipped = exchanges[0]?.inputs.map((input) =>
      input.map((value) => Math.min(1, Math.max(0, value))),
    );
    expect(exchanges[1]?.inputs).toEqual(clipped);
    for (const { inputs } of exchanges.slice(1))
      expect(inputs.some((input) => input.some(leaves))).toBe(false);
  });
});

describe('one sample without an answer', () => {
  const broken = samples[3]?.input ?? new Float32Array();
  const isNear = (input: Float32Array): boolean =>
    input.every((value, i) => Math.abs(value - (broken[i] ?? 0)) <= threat.epsilon + 1e-6);

  test.each(['pgd', 'mi-fgsm', 'rgf', 'square', 'p-rgf'])('of the target costs %s no other', async (name) => {
    const rows = await run(name, without(model, isNear));
    const whole = await run(name, model);
    expect(rows.filter(({ sample }) => sample !== 3)).toEqual(whole.filter(({ sample }) => sample !== 3));
    expect(rows[3]).toMatchObject({ cleanCorrect: false, success: false, queries: 0 });
  });

  test('of the surrogate neither, and its gradients are counted', async () => {
    const rows = await run('pgd', model, without(sibling, isNear));
    const whole = await run('pgd', model);
    expect(rows.filter(({ sample }) => sample !== 3)).toEqual(whole.filter(({ sample }) => sample !== 3));
    expect(whole[3]).toMatchObject({ zeroGradients: 0, invalidGradients: 0, surrogateQueries: 10 });
    expect(rows[3]).toMatchObject({ zeroGradients: 10, invalidGradients: 10, surrogateCorrect: false });
  });
});

test('a surrogate without a gradient outside [0, 1] is asked inside', async () => {
  const inside = without(sibling, (input) => input.some(leaves));
  const smoothed = await runAttack({
    ...{ definition: attack('p-rgf'), parameters: { budget: 100, samples: 10, smoothing: 4 } },
    ...{ target: model, surrogates: [inside], samples, threat, seed: 1, cell: 'smoothed' },
  });
  expect(smoothed.some(({ surrogateQueries }) => surrogateQueries > 0)).toBe(true);
  // What was taken inside is what counts: nothing is lacking.
  for (const row of smoothed) expect(row).toMatchObject({ zeroGradients: 0, invalidGradients: 0 });
});

test('a logit that is NaN is no prediction, no goal reached and no better margin', () => {
  const logits = Float32Array.of(1, Number.NaN, 2);
  expect(argmax(logits)).toBe(-1);
  for (const label of [0, 1, 2]) {
    expect(isReached({ kind: 'avoid', label }, argmax(logits))).toBe(false);
    expect(isReached({ kind: 'reach', class: label }, argmax(logits))).toBe(false);
  }
  expect(margin(logits, 0)).toBe(Infinity);
  expect(isReached({ kind: 'avoid', label: 0 }, argmax(Float32Array.of(1, 3, 2)))).toBe(true);
});

test('of several surrogates, one without a gradient is counted', async () => {
  const dead = without(sibling, () => true);
  const rows = await runAttack({
    ...{ definition: attack('pgd'), parameters: {}, target: model, surrogates: [sibling, dead] },
    ...{ samples, threat, seed: 1, cell: 'together' },
  });
  for (const row of rows) expect(row).toMatchObject({ zeroGradients: 10, surrogateQueries: 10 });
});
