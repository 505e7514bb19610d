import type { Random } from '@unpair/robustness';
import type { Bounds, Estimate } from './report.js';

/** Two-sided 95 % quantile of the standard normal. */
const Z = 1.959963984540054;
const RESAMPLES = 2000;

/** A rate with its Wilson interval (Wilson 1927), which holds for small counts and rates near 0 or 1; null of nothing. */
export function rate(hits: number, trials: number): Estimate | null {
  if (trials === 0) return null;
  const value = hits / trials;
  const shrink = 1 + Z ** 2 / trials;
  const centre = (value + Z ** 2 / (2 * trials)) / shrink;
  const half = (Z / shrink) * Math.sqrt((value * (1 - value)) / trials + Z ** 2 / (4 * trials ** 2));
  return {
    value,
    low: hits === 0 ? 0 : Math.max(0, centre - half),
    high: hits === trials ? 1 : Math.min(1, centre + half),
  };
}

/** How often each of a set of samples is in a resample of it. */
export type Counts = Int32Array;

/**
 * Percentile bootstrap (Efron 1979) over `size` samples: the central 95 % of `statistic` over resamples with
 * replacement. Null of nothing.
 */
export function bootstrap(
  size: number,
  statistic: (counts: Counts) => number,
  random: Random,
): Bounds | null {
  if (size === 0) return null;
  const draws = new Float64Array(RESAMPLES);
  const counts = new Int32Array(size);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    counts.fill(0);
    for (let draw = 0; draw < size; draw++) {
      const sample = random.integer(size);
      counts[sample] = (counts[sample] ?? 0) + 1;
    }
    draws[resample] = statistic(counts);
  }
  draws.sort();
  const tail = Math.floor(0.025 * RESAMPLES);
  return { low: draws[tail] ?? 0, high: draws[RESAMPLES - 1 - tail] ?? 0 };
}

/** Bounds of the mean of `values`. */
export function meanBounds(values: readonly number[], random: Random): Bounds | null {
  return bootstrap(values.length, (counts) => weightedSum(values, counts) / values.length, random);
}

/** Bounds of the median of `values`. */
export function medianBounds(values: readonly number[], random: Random): Bounds | null {
  return bootstrap(values.length, resampledMedian(values), random);
}

/** Sum of `values`, each as often as it was drawn. */
export function weightedSum(values: readonly number[], counts: Counts): number {
  return values.reduce((sum, value, index) => sum + value * (counts[index] ?? 0), 0);
}

/** The median of a resample of `values`, which are sorted once for all resamples. */
export function resampledMedian(values: readonly number[]): (counts: Counts) => number {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const lower = Math.ceil(values.length / 2);
  const upper = Math.floor(values.length / 2) + 1;
  return (counts) => {
    let seen = 0;
    let first: number | undefined;
    for (const index of order) {
      seen += counts[index] ?? 0;
      if (seen >= lower) first ??= values[index];
      if (seen >= upper) return ((first ?? 0) + (values[index] ?? 0)) / 2;
    }
    return Number.NaN;
  };
}
