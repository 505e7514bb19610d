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
    expect(report.gradients).toEqual({ samples: 30, vanished: 30, invalid: 0 });
  });

  test('counts gradients with NaN or infinite entries', async () => {
    const first = samples[0]?.input ?? new Float32Array();
    const black: DifferentiableClassifier = {
      ...masked(({ gradients }) => gradients),
      gradients: async (inputs, objective, count) => {
        const answer = await honest.gradients(inputs, objective, count);
        for (let row = 0; row < count; row++) {
          const own = inputs.subarray(row * first.length, (row + 1) * first.length);
          if (own.every((value, i) => value === first[i])) answer.invalid[row] = 1;
        }
        return answer;
      },
    };
    const { gradients } = await checked(black);
    expect(gradients).toEqual({ samples: 30, vanished: 0, invalid: 1 });
  });

  test('is found where gradients point the other way, by every check', async () => {
    const report = await checked(masked(({ gradients }) => gradients.map((value) => -value)));
    const { unboundedAttack, randomSearchOnly, lossRises } = report;
    expect([unboundedAttack, randomSearchOnly, lossRises].map(({ passed }) => passed)).toEqual([
      ...[false, false, false],
    ]);
    expect(report.gradients).toEqual({ samples: 30, vanished: 0, invalid: 0 });
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
    gradientVanishes: false,
    gradientInvalid: false,
  };
  const report = judgeMasking([
    row,
    { ...row, sample: 1, gradient: false },
    { ...row, sample: 2, unbounded: false, random: false, lossRises: false, gradientVanishes: true },
    { ...row, sample: 3, cleanCorrect: false, unbounded: false, gradient: false, random: false },
  ]);
  expect(report).toEqual({
    unboundedAttack: { passed: false, value: 2 / 3, bound: 1, samples: 3 },
    randomSearchOnly: { passed: false, value: 1 / 3, bound: 0.05, samples: 3 },
    lossRises: { passed: false, value: 0.75, bound: 0.9, samples: 4 },
    gradients: { samples: 4, vanished: 1, invalid: 0 },
  });
});
