import {
  ascending,
  bootstrap,
  bootstrapMedianRatio,
  bootstrapSamples,
  createRandom,
  mean,
  median,
  quantile,
  resampledMean,
  wilson,
} from '@unpair/numerics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('wilson', () => {
  // Newcombe 1998, Statistics in Medicine 17, table I.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%d of %d gives the published interval', (successes, trials, low, high) => {
    const interval = wilson(successes, trials);
    expect(interval.value).toBe(successes / trials);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  test('is symmetric, holds its value, and knows nothing without trials', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), (a, b) => {
        fc.pre(a + b > 0);
        const [one, other] = [wilson(a, a + b), wilson(b, a + b)];
        expect(one.low).toBeCloseTo(1 - other.high, 12);
        expect(one.low).toBeLessThanOrEqual(one.value);
        expect(one.high).toBeGreaterThanOrEqual(one.value);
      }),
    );
    expect(wilson(0, 0)).toEqual({ value: Number.NaN, low: 0, high: 1 });
    expect(() => wilson(3, 2)).toThrow('from 0 to 2 (the trials), got 3');
  });
});

describe('quantiles', () => {
  test('interpolate between order statistics', () => {
    const values = ascending([4, 1, 3, 2]);
    expect(quantile(values, 0)).toBe(1);
    expect(quantile(values, 0.5)).toBe(2.5);
    expect(quantile(values, 0.9)).toBeCloseTo(3.7, 12);
    expect(median([5, 1, Infinity])).toBe(5);
    expect(median([Infinity, Infinity])).toBe(Infinity);
    expect(median([])).toBeNaN();
    expect(() => quantile(values, 1.5)).toThrow('from 0 to 1, got 1.5');
  });
});

describe('bootstrap', () => {
  const normals = (count: number, sample: number): Float64Array => {
    const random = createRandom({ seed: 5, cell: 'normals', sample });
    return Float64Array.from({ length: count }, () => 10 + random.normal());
  };

  test('the interval of a mean is 1.96 standard errors either way', () => {
    const values = normals(500, 0);
    const { value, low, high } = bootstrap(values, { statistic: 'mean', seed: 1, resamples: 4000 });
    expect(value).toBeCloseTo(mean(values), 12);
    const deviation = Math.sqrt(mean(values.map((x) => (x - value) ** 2)));
    const reach = (1.96 * deviation) / Math.sqrt(500);
    expect(value - low).toBeGreaterThan(reach * 0.92);
    expect(value - low).toBeLessThan(reach * 1.08);
    expect(high - value).toBeGreaterThan(reach * 0.92);
    expect(high - value).toBeLessThan(reach * 1.08);
  });

  test('the interval of a median covers the truth 95 times in 100', () => {
    let covered = 0;
    for (let sample = 0; sample < 200; sample++) {
      const { low, high } = bootstrap(normals(60, sample), {
        statistic: 'median',
        seed: sample,
        resamples: 400,
      });
      if (low <= 10 && 10 <= high) covered++;
    }
    // Binomial: four standard errors around 0.95.
    expect(covered / 200).toBeGreaterThan(0.88);
  });

  test('values in any order and the same seed give the same interval; another seed another one', () => {
    const values = normals(101, 1);
    const options = { statistic: 'median', seed: 3 } as const;
    const interval = bootstrap(values, options);
    expect(bootstrap(values.toReversed(), options)).toEqual(interval);
    expect(bootstrap(values, { ...options, seed: 4 })).not.toEqual(interval);
    expect(interval.value).toBe(median(values));
  });

  test('samples measured twice: what makes a sample hard does not widen the interval of the ratio', () => {
    const easy = normals(400, 2);
    const hard = easy.map((value) => 3 * value);
    const random = createRandom({ seed: 1, cell: 'ratio', sample: 0 });
    const { value, low, high } = bootstrapMedianRatio(hard, easy, random);
    for (const end of [value, low, high]) expect(end).toBeCloseTo(3, 10);
  });

  test('a ratio whose denominator may be 0 has an infinite end', () => {
    const rate = resampledMean([1, 0, 0, 0]);
    const random = createRandom({ seed: 1, cell: 'rates', sample: 0 });
    const { value, high } = bootstrapSamples(4, (counts) => 1 / rate(counts), random);
    expect(value).toBe(4);
    expect(high).toBe(Infinity);
  });

  test('without values nothing is known; a constant is certain', () => {
    expect(bootstrap([], { statistic: 'median', seed: 1 })).toEqual({
      value: Number.NaN,
      low: Number.NaN,
      high: Number.NaN,
    });
    expect(bootstrap([7, 7, 7, 7], { statistic: 'median', seed: 1 })).toEqual({ value: 7, low: 7, high: 7 });
  });
});
