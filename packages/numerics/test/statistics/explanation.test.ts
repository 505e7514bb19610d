import {
  bootstrap,
  bootstrapMedianRatio,
  bootstrapRates,
  bootstrapSamples,
  createRandom,
  pearson,
  ranks,
  resampledMean,
  resampledSpearman,
  spearman,
  spearmanPValue,
  standardizedFit,
} from '@unpair/numerics';
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

const someValues = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 2, maxLength: 30 });
const stream = (cell: string): ReturnType<typeof createRandom> => createRandom({ seed: 3, cell, sample: 0 });

test('what is summed once is to the bit what is summed in every resample', () => {
  const same = (values: readonly number[]): void => {
    const others = values.map((value, at) => (value * 7 + at * 3) % 5);
    const fast = resampledSpearman(values, others);
    const slow = (counts: Uint32Array): number => {
      const written = (all: readonly number[]) =>
        all.flatMap((value, at) => Array<number>(counts[at] ?? 0).fill(value));
      return spearman(written(values), written(others));
    };
    const estimate = bootstrapSamples(values.length, fast, stream('a'), 50);
    expect(estimate).toEqual(bootstrapSamples(values.length, slow, stream('a'), 50));
    const random = stream('b');
    const [own, other] = [ranks(values), ranks(others)];
    const observed = Math.abs(pearson(own, other));
    let asExtreme = 1;
    for (let draw = 0; draw < 9_999; draw++) {
      for (let last = other.length - 1; last > 0; last--) {
        const at = random.integer(last + 1);
        [other[last], other[at]] = [other[at] ?? 0, other[last] ?? 0];
      }
      if (Math.abs(pearson(own, other)) >= observed - 1e-12) asExtreme++;
    }
    expect(spearmanPValue(values, others, stream('b'))).toBe(
      Number.isNaN(observed) ? observed : asExtreme / 10_000,
    );
  };
  fc.assert(fc.property(someValues, same), { numRuns: 12, seed: 1 });
});

test('resamples that were kept are those that would be drawn', () => {
  for (const size of [1, 5, 40, 5, 2_000, 40]) {
    const values = Array.from({ length: size }, (_, at) => ((at * 37) % 101) - 50).sort((a, b) => a - b);
    const fresh = bootstrapSamples(
      size,
      medianOf(values),
      createRandom({ seed: 4, cell: 'bootstrap/values', sample: 0 }),
    );
    expect(bootstrap(values, { statistic: 'median', seed: 4 })).toEqual(fresh);
  }
});

/** The median of a resample of values, by writing it out. */
function medianOf(values: readonly number[]): (counts: ArrayLike<number>) => number {
  return (counts) => {
    const written = values
      .flatMap((value, at) => Array<number>(counts[at] ?? 0).fill(value))
      .sort((a, b) => a - b);
    const [low, high] = [written[(values.length - 1) >> 1] ?? NaN, written[values.length >> 1] ?? NaN];
    return low === high ? low : (low + high) / 2;
  };
}

test('medians and rates of resamples are those of the resamples written out', () => {
  const same = (values: readonly number[]): void => {
    const others = values.map((value, at) => Math.abs((value * 7 + at * 3) % 5));
    const [over, under] = [medianOf(values), medianOf(others)];
    const ratio = (counts: Uint32Array): number => over(counts) / under(counts);
    expect(bootstrapMedianRatio(values, others, stream('m'), 50)).toEqual(
      bootstrapSamples(values.length, ratio, stream('m'), 50),
    );
    const [own, base] = [values, others].map((all) => all.map((value) => Number(value > 0)));
    const [average, other] = [resampledMean(own ?? []), resampledMean(base ?? [])];
    const quotient = (counts: Uint32Array): number => average(counts) / other(counts);
    expect(bootstrapRates(own ?? [], base ?? [], (a, b) => a / b, stream('r'), 50)).toEqual(
      bootstrapSamples(values.length, quotient, stream('r'), 50),
    );
  };
  const some = fc.oneof(someValues, fc.constantFrom([Infinity, 3], [5], [1, 1, 1], []));
  fc.assert(fc.property(some, same), { numRuns: 50, seed: 1 });
});
