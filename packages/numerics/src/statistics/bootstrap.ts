import type { Random } from '../random/random.js';
import { createRandom } from '../random/stream.js';
import type { Estimate } from './interval.js';
import { CONFIDENCE } from './interval.js';
import { ascending, quantile } from './quantile.js';

/** What is estimated from a sample. */
export type Statistic = 'mean' | 'median';

export interface BootstrapOptions {
  readonly statistic: Statistic;
  readonly seed: number;
  /** Resamples drawn. Default 1000. */
  readonly resamples?: number;
}

/** How often each sample is in a resample. */
export type Counts = Uint32Array;

/**
 * A statistic with its percentile bootstrap interval of 95 % (Efron 1979). The same values, in any order, and the same
 * seed give the same interval. NaN throughout when there are no values.
 */
export function bootstrap(values: ArrayLike<number>, options: BootstrapOptions): Estimate {
  const { seed, resamples = 1000 } = options;
  const sorted = ascending(values);
  const statistic = options.statistic === 'mean' ? resampledMean(sorted) : resampledMedian(sorted);
  const size = sorted.length;
  const value = statistic(new Uint32Array(size).fill(1));
  const counts = new Uint32Array(size);
  const drawn = resamplesOf(seed, size, resamples);
  const draws = Float64Array.from({ length: resamples }, (_, draw) => {
    counts.set(drawn.subarray(draw * size, (draw + 1) * size));
    return statistic(counts);
  });
  return estimateOf(value, draws);
}

/** Resamples that were drawn, by seed, size and number: those of a thousand cells of a hundred samples are the same. */
const kept = new Map<string, Uint16Array>();
/** Counts that are kept, of two bytes each. */
const mostKept = 2 ** 23;

/** Counts of each resample, one after the other. Of more than 65,535 values none is drawn more often than that, ever. */
function resamplesOf(seed: number, size: number, resamples: number): Uint16Array {
  const key = `${seed} ${size} ${resamples}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const random = createRandom({ seed, cell: 'bootstrap/values', sample: 0 });
  const drawn = new Uint16Array(size * resamples);
  const counts: Counts = new Uint32Array(size);
  for (let draw = 0; draw < resamples; draw++) {
    resample(counts, random);
    drawn.set(counts, draw * size);
  }
  let total = [...kept.values()].reduce((sum, { length }) => sum + length, drawn.length);
  for (const [old, { length }] of kept) {
    if (total <= mostKept) break;
    kept.delete(old);
    total -= length;
  }
  if (total <= mostKept) kept.set(key, drawn);
  return drawn;
}

/**
 * Any statistic of `size` samples with its percentile bootstrap interval of 95 %. Samples are drawn, not measurements:
 * where each was measured twice, what makes a sample hard makes it hard in both, and does not widen the interval of
 * their ratio. Ends may be infinite; draws that are NaN are left out.
 */
export function bootstrapSamples(
  size: number,
  statistic: (counts: Counts) => number,
  random: Random,
  resamples = 1000,
): Estimate {
  const counts: Counts = new Uint32Array(size).fill(1);
  const value = statistic(counts);
  const draws = Float64Array.from({ length: resamples }, () => {
    resample(counts, random);
    return statistic(counts);
  });
  return estimateOf(value, draws);
}

/**
 * The means of several measurements of the same samples with their percentile bootstrap intervals of 95 %. Each resample
 * is drawn once for all of them, which costs less, and keeps what was measured together together.
 * @param columns by name, values of as many samples each
 */
export function bootstrapMeans<Name extends string>(
  columns: Readonly<Record<Name, readonly number[]>>,
  random: Random,
  resamples = 1000,
): Readonly<Record<Name, Estimate>> {
  const names = Object.keys(columns) as Name[];
  const size = names.reduce((most, name) => Math.max(most, columns[name].length), 0);
  const means = names.map((name) => resampledMean(columns[name]));
  const counts: Counts = new Uint32Array(size).fill(1);
  const values = means.map((mean) => mean(counts));
  const draws = names.map(() => new Float64Array(resamples));
  for (let draw = 0; draw < resamples; draw++) {
    resample(counts, random);
    means.forEach((mean, at) => draws[at]?.fill(mean(counts), draw, draw + 1));
  }
  const estimates = names.map((name, at) => [name, estimateOf(values[at] ?? Number.NaN, draws[at])] as const);
  return Object.fromEntries(estimates) as Record<Name, Estimate>;
}

/** The mean of a resample of `values`. */
export function resampledMean(values: ArrayLike<number>): (counts: Counts) => number {
  const typed = Float64Array.from(values);
  return (counts) => {
    let sum = 0;
    for (let i = 0; i < typed.length; i++) {
      const count = counts[i] ?? 0;
      if (count !== 0) sum += count * (typed[i] ?? 0);
    }
    return sum / typed.length;
  };
}

/**
 * The median of a resample of `values`: the mean of its two middle values, which are one and the same when its size is
 * odd. The values are sorted once, so that each resample is a walk, not a sort.
 */
export function resampledMedian(values: ArrayLike<number>): (counts: Counts) => number {
  const size = values.length;
  const order = Uint32Array.from({ length: size }, (_, index) => index);
  order.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const sorted = Float64Array.from(order, (index) => values[index] ?? Number.NaN);
  const [low, high] = [Math.floor((size - 1) / 2), Math.floor(size / 2)];
  return (counts) => {
    let at = -1;
    let passed = 0;
    while (passed <= low && at < size) passed += counts[order[++at] ?? size] ?? 0;
    const below = sorted[at] ?? Number.NaN;
    while (passed <= high && at < size) passed += counts[order[++at] ?? size] ?? 0;
    return midpoint(below, sorted[at] ?? Number.NaN);
  };
}

/** Exact for equal ends, infinite ones too. */
function midpoint(low: number, high: number): number {
  return low === high ? low : (low + high) / 2;
}

/** A value between the quantiles of what resamples gave for it. */
function estimateOf(value: number, draws: Float64Array = new Float64Array()): Estimate {
  const sorted = draws.filter((draw) => !Number.isNaN(draw)).sort();
  const tail = (1 - CONFIDENCE) / 2;
  return { value, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

function resample(counts: Counts, random: Random): void {
  const size = counts.length;
  counts.fill(0);
  for (let draw = 0; draw < size; draw++) {
    const sample = random.integer(size);
    counts[sample] = (counts[sample] ?? 0) + 1;
  }
}
