import type { Estimate, Random } from '@unpair/robustness';
import { quantile } from '@unpair/robustness';

const RESAMPLES = 1000;

/** How often each sample is in a resample. */
export type Counts = Uint32Array;

/**
 * A statistic over samples that were measured twice, with its 95 % percentile bootstrap interval (Efron 1979). Samples
 * are drawn, not measurements: what makes a sample hard makes it hard in both, and must not widen the interval of
 * their ratio. Ends may be infinite; draws that are not a number are left out.
 */
export function bootstrapPairs(
  size: number,
  statistic: (counts: Counts) => number,
  random: Random,
): Estimate {
  const counts: Counts = new Uint32Array(size).fill(1);
  const value = statistic(counts);
  const draws = Float64Array.from({ length: RESAMPLES }, () => {
    resample(counts, random);
    return statistic(counts);
  });
  const sorted = draws.filter((draw) => !Number.isNaN(draw)).sort();
  return { value, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** The mean of a resample of `values`. */
export function resampledMean(values: readonly number[]): (counts: Counts) => number {
  return (counts) =>
    values.reduce((sum, value, index) => sum + value * (counts[index] ?? 0), 0) / values.length;
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

function resample(counts: Counts, random: Random): void {
  const size = counts.length;
  counts.fill(0);
  for (let draw = 0; draw < size; draw++) {
    const sample = random.integer(size);
    counts[sample] = (counts[sample] ?? 0) + 1;
  }
}
