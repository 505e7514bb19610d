import { createRandom, ranks, spearman, spearmanPValue, standardizedFit } from '@unpair/numerics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { golden } from '../../../attacks/test/support/golden.js';

const values = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 9 });

function pValue(a: readonly number[], b: readonly number[]): number {
  return spearmanPValue(a, b, createRandom({ seed: 5, cell: 'p', sample: 0 }));
}

describe('rank correlation', () => {
  test.each(golden.ranks)('agrees with scipy', ({ a, b, rho, p, ranks: expected }) => {
    expect([...ranks(a)]).toEqual(expected);
    expect(spearman(a, b)).toBeCloseTo(rho, 10);
    // Scipy's is the approximation by a t distribution, which permutations do not need.
    expect(Math.abs(pValue(a, b) - p)).toBeLessThan(a.length < 10 ? 0.08 : 0.02);
  });

  test('p-values of four pairs are those of their 24 orders', () => {
    // ρ is ±1 in two of the 24 orders, and ±0.8 in six more.
    expect(pValue([1, 2, 3, 4], [10, 20, 30, 40])).toBeCloseTo(2 / 24, 1);
    expect(Math.abs(pValue([1, 2, 3, 4], [10, 20, 40, 30]) - 8 / 24)).toBeLessThan(0.015);
  });

  test('does not move with any ascending change of scale, and is symmetric', () => {
    fc.assert(
      fc.property(values, (a) => {
        const b = a.map((value, at) => (value * (at + 3)) % 7);
        const rho = spearman(a, b);
        const stretched = spearman(
          a.map((value) => Math.exp(value)),
          b,
        );
        if (Number.isNaN(rho)) return;
        expect(stretched).toBeCloseTo(rho, 12);
        expect(spearman(b, a)).toBeCloseTo(rho, 12);
        expect(Math.abs(rho)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('says nothing where a side does not vary', () => {
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
    expect(pValue([1, 1, 1], [1, 2, 3])).toBeNaN();
  });
});

describe('standardised regression', () => {
  test.each(golden.regressions)('agrees with numpy', ({ predictors, outcome, coefficients, rSquared }) => {
    const fit = standardizedFit(predictors, outcome);
    expect(fit?.rSquared).toBeCloseTo(rSquared, 10);
    fit?.coefficients.forEach((value, at) => {
      expect(value).toBeCloseTo(coefficients[at] ?? Number.NaN, 10);
    });
    expect(fit?.coefficients).toHaveLength(coefficients.length);
  });

  test('gives an effect to the predictor that acts, and none to one that only comes with it', () => {
    const acts = [1, 2, 3, 4, 5, 6, 7, 8];
    const comes = acts.map((value, at) => value + (at % 2 === 0 ? 1 : -1));
    const fit = standardizedFit(
      [acts, comes],
      acts.map((value) => 3 * value - 2),
    );
    expect(fit?.coefficients[0]).toBeCloseTo(1, 10);
    expect(fit?.coefficients[1]).toBeCloseTo(0, 10);
    expect(fit?.rSquared).toBeCloseTo(1, 10);
  });

  test('is undefined where predictors say the same, or nothing', () => {
    expect(
      standardizedFit(
        [
          [1, 2, 3, 5],
          [2, 4, 6, 10],
        ],
        [1, 0, 1, 1],
      ),
    ).toBeUndefined();
    expect(standardizedFit([[1, 1, 1, 1]], [1, 0, 1, 1])).toBeUndefined();
    expect(standardizedFit([[1, 2, 3, 4]], [2, 2, 2, 2])).toBeUndefined();
  });
});
