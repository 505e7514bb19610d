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
  const draws = Float64Array.from({ length: resamples }, () => {
    random.fillIntegers(drawn, size);
    let sum = 0;
    for (const sample of drawn) sum += codes[sample] ?? 0;
    return of(sum);
  });
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
  const [over, under] = [new MedianOf(own), new MedianOf(base)];
  const drawn = Uint32Array.from({ length: size }, (_, at) => at);
  const value = over.of(drawn) / under.of(drawn);
  const draws = Float64Array.from({ length: resamples }, () => {
    random.fillIntegers(drawn, size);
    return over.of(drawn) / under.of(drawn);
  });
  return estimateOf(value, draws);
}

/** Medians of resamples. Equal values are counted together. */
class MedianOf {
  readonly #values: Float64Array;
  /** Of each sample, the place of its value among the different ones. */
  readonly #classes: Uint32Array;
  readonly #counts: Counts;

  constructor(values: ArrayLike<number>) {
    this.#values = ascending([...new Set(Array.from(values))]);
    const places = new Map([...this.#values].map((value, place) => [value, place] as const));
    this.#classes = Uint32Array.from(values, (value) => places.get(value) ?? 0);
    this.#counts = new Uint32Array(this.#values.length);
  }

  /** @param drawn which samples were drawn */
  of(drawn: Uint32Array): number {
    const [counts, classes] = [this.#counts, this.#classes];
    counts.fill(0);
    for (const sample of drawn) {
      const place = classes[sample] ?? 0;
      counts[place] = (counts[place] ?? 0) + 1;
    }
    const [low, high] = middleClasses(counts, drawn.length);
    return midpoint(this.#values[low] ?? Number.NaN, this.#values[high] ?? Number.NaN);
  }
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
  const sorted = draws.filter((draw) => !Number.isNaN(draw)).sort();
  const tail = (1 - CONFIDENCE) / 2;
  return { value, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
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
    if (drawn.length > 0) this.#random.fillIntegers(drawn, drawn.length);
    counts.fill(0);
    for (const sample of drawn) {
      counts[sample] = (counts[sample] ?? 0) + 1;
    }
    return counts;
  }
}
