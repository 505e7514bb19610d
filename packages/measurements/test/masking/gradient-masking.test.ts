import type { DifferentiableClassifier, ObjectiveGradients } from '@unpair/classifiers';
import type { MaskingReport } from '@unpair/measurements';
import { checkGradientMasking, judgeMasking, measureMasking } from '@unpair/measurements';
import { describe, expect, test } from 'vitest';

import { labelledSamples, randomModel } from '../../../classifiers/test/support/linear-classifier.js';

const honest = randomModel('honest');
const samples = await labelledSamples(honest, 30);

/** The same model with other gradients. */
function masked(change: (answer: ObjectiveGradients) => Float32Array): DifferentiableClassifier {
  return {
    shape: honest.shape,
    classes: honest.classes,
    logits: (inputs, count) => honest.logits(inputs, count),
    gradients: async (inputs, objective, count) => {
      const answer = await honest.gradients(inputs, objective, count);
      return { ...answer, gradients: change(answer) };
    },
    close: () => Promise.resolve(),
  };
}

function checked(model: DifferentiableClassifier): Promise<MaskingReport> {
  return checkGradientMasking(model, samples, {
    threat: { norm: 'linf', epsilon: 0.06 },
    seed: 1,
    budget: 200,
    batchSize: 16,
  });
}

describe('gradient masking', () => {
  test('is not found where gradients are what they should be', async () => {
    const report = await checked(honest);
    expect(report.unboundedAttack).toEqual({ passed: true, value: 1, bound: 1, samples: 26 });
    expect(report.randomSearchOnly).toMatchObject({ passed: true, samples: 26 });
    expect(report.lossRises).toEqual({ passed: true, value: 1, bound: 0.9, samples: 30 });
  });

  test('is found where gradients vanish', async () => {
    const report = await checked(masked(({ gradients }) => gradients.fill(0)));
    expect(report.unboundedAttack.passed).toBe(false);
    expect(report.unboundedAttack.value).toBeLessThan(1);
    expect(report.randomSearchOnly.passed).toBe(false);
    expect(report.randomSearchOnly.value).toBeGreaterThan(0.3);
    expect(report.lossRises).toMatchObject({ passed: false, value: 0 });
  });

  test('is found where gradients point the other way, by every check', async () => {
    const report = await checked(masked(({ gradients }) => gradients.map((value) => -value)));
    expect(Object.values(report).map((check) => (check as MaskingReport['lossRises']).passed)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('cannot be cleared without samples', async () => {
    const threat = { norm: 'linf', epsilon: 0.06 } as const;
    const report = await checkGradientMasking(honest, [], { threat, seed: 1 });
    expect(report.unboundedAttack).toMatchObject({ passed: false, samples: 0 });
    expect(report.lossRises.passed).toBe(false);
  });
});

test('rows do not depend on which samples are looked at together, and are all that the judgement needs', async () => {
  const options = { threat: { norm: 'linf', epsilon: 0.06 }, seed: 1, budget: 200 } as const;
  const whole = await measureMasking(honest, samples, options);
  const parts = [samples.slice(0, 7), samples.slice(7)].map((part) => measureMasking(honest, part, options));
  const rows = (await Promise.all(parts)).flat();
  expect(rows).toEqual(whole);
  expect(rows.map(({ sample }) => sample)).toEqual(samples.map(({ index }) => index));
  expect(judgeMasking(rows.toReversed())).toEqual(await checkGradientMasking(honest, samples, options));
});

test('a judgement by hand: two of three attacked samples, and three of four whose loss rises', () => {
  const row = {
    sample: 0,
    cleanCorrect: true,
    unbounded: true,
    gradient: true,
    random: true,
    lossRises: true,
  };
  const report = judgeMasking([
    row,
    { ...row, sample: 1, gradient: false },
    { ...row, sample: 2, unbounded: false, random: false, lossRises: false },
    { ...row, sample: 3, cleanCorrect: false, unbounded: false, gradient: false, random: false },
  ]);
  expect(report).toEqual({
    unboundedAttack: { passed: false, value: 2 / 3, bound: 1, samples: 3 },
    randomSearchOnly: { passed: false, value: 1 / 3, bound: 0.05, samples: 3 },
    lossRises: { passed: false, value: 0.75, bound: 0.9, samples: 4 },
  });
});
