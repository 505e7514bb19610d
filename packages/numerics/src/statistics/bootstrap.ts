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
  const drawn = resamplesOf(seed, sorted.length, resamples);
  return options.statistic === 'mean' ? meanEstimate(sorted, drawn) : medianEstimate(sorted, drawn);
}

function meanEstimate(sorted: Float64Array, { counts, size, resamples }: Resamples): Estimate {
  const mean = resampledMean(sorted);
  const draws = Float64Array.from({ length: resamples }, (_, draw) =>
    mean(counts.subarray(draw * size, (draw + 1) * size)),
  );
  return estimateOf(mean(new Uint32Array(size).fill(1)), draws);
}

function medianEstimate(sorted: Float64Array, { middles, size, resamples }: Resamples): Estimate {
  const [low, high] = [Math.floor((size - 1) / 2), Math.floor(size / 2)];
  const at = (place: number | undefined): number => sorted[place ?? size] ?? Number.NaN;
  const draws = new Float64Array(resamples);
  for (let draw = 0; draw < resamples; draw++)
    draws[draw] = midpoint(at(middles[2 * draw]), at(middles[2 * draw + 1]));
  return estimateOf(midpoint(at(low), at(high)), draws);
}

/** Resamples of as many values, of which only the order is known. */
interface Resamples {
  readonly size: number;
  readonly resamples: number;
  /** How often each value was drawn, resample after resample. Of more than 65,535 none is drawn as often, ever. */
  readonly counts: Uint16Array;
  /** Places of the two middle values of each resample, among the values in ascending order. */
  readonly middles: Uint32Array;
}

/** Resamples that were drawn, by seed, size and number: those of a thousand cells of a hundred samples are the same. */
const kept = new Map<string, Resamples>();
/** Counts that are kept, of two bytes each. */
const mostKept = 2 ** 23;

function resamplesOf(seed: number, size: number, resamples: number): Resamples {
  const key = `${seed} ${size} ${resamples}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const drawn = drawResamples(seed, size, resamples);
  let total = [...kept.values()].reduce((sum, { counts }) => sum + counts.length, drawn.counts.length);
  for (const [old, { counts }] of kept) {
    if (total <= mostKept) break;
    kept.delete(old);
    total -= counts.length;
  }
  if (total <= mostKept) kept.set(key, drawn);
  return drawn;
}

function drawResamples(seed: number, size: number, resamples: number): Resamples {
  const random = createRandom({ seed, cell: 'bootstrap/values', sample: 0 });
  const counts = new Uint16Array(size * resamples);
  const middles = new Uint32Array(2 * resamples);
  const resample = new Resample(size, random);
  for (let draw = 0; draw < resamples; draw++) {
    const drawn = resample.draw();
    counts.set(drawn, draw * size);
    middles.set(middleClasses(drawn, size), 2 * draw);
  }
  return { size, resamples, counts, middles };
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
  const resample = new Resample(size, random);
  const draws = Float64Array.from({ length: resamples }, () => statistic(resample.draw()));
  return estimateOf(value, draws);
}

/**
 * What two rates of the same samples make together, with its percentile bootstrap interval of 95 %: what `bootstrapSamples`
 * gives for `resampledMean` of each.
 * @param own of each sample, 1 where it counts for the first rate and else 0
 * @param base the same for the second
 */
export function bootstrapRates(
  own: ArrayLike<number>,
  base: ArrayLike<number>,
  statistic: (own: number, base: number) => number,
  random: Random,
  resamples = 1000,
): Estimate {
  const size = own.length;
  // Both sums in one: a step of the second is more than the first can come to. Exact, for it is a whole number.
  const step = 2 ** Math.ceil(Math.log2(size + 1));
  const codes = Float64Array.from(own, (hit, at) => hit + step * (base[at] ?? 0));
  const of = (sum: number): number => statistic((sum % step) / size, Math.floor(sum / step) / size);
  const drawn = new Uint32Array(size);
  const total = of(codes.reduce((sum, code) => sum + code, 0));
  // All alike: so is every resample.
  if (codes.every((code) => code === codes[0]))
    return estimateOf(total, new Float64Array(resamples).fill(total));
  const draws = new Float64Array(resamples);
  for (let draw = 0; draw < resamples; draw++) {
    random.fillIntegers(drawn, size);
    let sum = 0;
    for (let at = 0; at < size; at++) sum += codes[drawn[at] ?? 0] ?? 0;
    draws[draw] = of(sum);
  }
  return estimateOf(total, draws);
}

/**
 * The ratio of the medians of two measurements of the same samples with its percentile bootstrap interval of 95 %: what
 * `bootstrapSamples` gives for the medians of each resample written out.
 */
export function bootstrapMedianRatio(
  own: ArrayLike<number>,
  base: ArrayLike<number>,
  random: Random,
  resamples = 1000,
): Estimate {
  const size = own.length;
  const [over, under] = [medianOf(own), medianOf(base)];
  const resample = new Resample(size, random);
  const ratio = (counts: Counts): number => over(counts) / under(counts);
  const value = ratio(new Uint32Array(size).fill(1));
  const draws = new Float64Array(resamples);
  for (let draw = 0; draw < resamples; draw++) draws[draw] = ratio(resample.draw());
  return estimateOf(value, draws);
}

/** The median of a resample of `values`, which are put in order once. */
function medianOf(values: ArrayLike<number>): (counts: Counts) => number {
  const order = Uint32Array.from({ length: values.length }, (_, at) => at);
  order.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const at = (place: number): number => values[order[place] ?? values.length] ?? Number.NaN;
  const [low, high] = [Math.floor((values.length - 1) / 2), Math.floor(values.length / 2)];
  return (counts) => {
    let place = -1;
    let passed = 0;
    while (passed <= low && place < order.length) passed += counts[order[++place] ?? 0] ?? 0;
    const below = place;
    while (passed <= high && place < order.length) passed += counts[order[++place] ?? 0] ?? 0;
    return midpoint(at(below), at(place));
  };
}

/** Places of the two middle values of a sample, one and the same where its size is odd, among the values that it counts. */
function middleClasses(counts: Counts, size: number): readonly [low: number, high: number] {
  const [low, high] = [Math.floor((size - 1) / 2), Math.floor(size / 2)];
  let at = -1;
  let passed = 0;
  while (passed <= low && at < counts.length) passed += counts[++at] ?? 0;
  const below = at;
  while (passed <= high && at < counts.length) passed += counts[++at] ?? 0;
  return [below, at];
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
  const resample = new Resample(size, random);
  for (let draw = 0; draw < resamples; draw++) {
    const drawn = resample.draw();
    means.forEach((mean, at) => draws[at]?.fill(mean(drawn), draw, draw + 1));
  }
  const estimates = names.map((name, at) => [name, estimateOf(values[at] ?? Number.NaN, draws[at])] as const);
  return Object.fromEntries(estimates) as Record<Name, Estimate>;
}

/** The mean of a resample of `values`. */
export function resampledMean(values: ArrayLike<number>): (counts: ArrayLike<number>) => number {
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

/** Exact for equal ends, infinite ones too. */
function midpoint(low: number, high: number): number {
  return low === high ? low : (low + high) / 2;
}

/** A value between the quantiles of what resamples gave for it. */
function estimateOf(value: number, draws: Float64Array = new Float64Array()): Estimate {
  // NaN comes last.
  const sorted = draws.sort();
  let known = sorted.length;
  while (known > 0 && Number.isNaN(sorted[known - 1])) known--;
  const tail = (1 - CONFIDENCE) / 2;
  return {
    value,
    low: quantile(sorted.subarray(0, known), tail),
    high: quantile(sorted.subarray(0, known), 1 - tail),
  };
}

/** Draws resamples of so many samples. */
class Resample {
  readonly #random: Random;
  readonly #drawn: Uint32Array;
  readonly #counts: Counts;

  constructor(size: number, random: Random) {
    this.#random = random;
    this.#drawn = new Uint32Array(size);
    this.#counts = new Uint32Array(size);
  }

  /** How often each sample is in the next resample; the array is used again. */
  draw(): Counts {
    const [drawn, counts] = [this.#drawn, this.#counts];
    // Not by an iterator, which costs as much as drawing does.
    const size = drawn.length;
    if (size > 0) this.#random.fillIntegers(drawn, size);
    counts.fill(0);
    for (let at = 0; at < size; at++) {
      const sample = drawn[at] ?? 0;
      counts[sample] = (counts[sample] ?? 0) + 1;
    }
    return counts;
  }
}
