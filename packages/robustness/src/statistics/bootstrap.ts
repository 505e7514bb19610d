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

/**
 * A statistic with its percentile bootstrap interval of 95 % (Efron 1979). The same values, in any order, and the same
 * seed give the same interval. NaN throughout when there are no values.
 */
export function bootstrap(values: ArrayLike<number>, options: BootstrapOptions): Estimate {
  const { seed, resamples = 1000 } = options;
  const resampler = new Resampler(values, options.statistic, random(seed, 'values'));
  return percentileInterval(
    resampler.value,
    drawn(resamples, () => resampler.draw()),
  );
}

/**
 * Ratio of a statistic of two independent samples, with its percentile bootstrap interval of 95 %: both samples are
 * resampled, each from its own stream. Infinite where the denominator's statistic is 0, NaN where both are.
 */
export function bootstrapRatio(
  numerator: ArrayLike<number>,
  denominator: ArrayLike<number>,
  { statistic, seed, resamples = 1000 }: BootstrapOptions,
): Estimate {
  const above = new Resampler(numerator, statistic, random(seed, 'numerator'));
  const below = new Resampler(denominator, statistic, random(seed, 'denominator'));
  return percentileInterval(
    above.value / below.value,
    drawn(resamples, () => above.draw() / below.draw()),
  );
}

/**
 * Resamples one sample. The values are sorted once, and a resample is how often each of them was drawn: its median is
 * then a walk, not a sort.
 */
class Resampler {
  readonly value: number;
  readonly #sorted: Float64Array;
  readonly #counts: Uint32Array;
  readonly #statistic: (sorted: Float64Array, counts: Uint32Array) => number;
  readonly #random: Random;

  constructor(values: ArrayLike<number>, statistic: Statistic, random: Random) {
    this.#sorted = ascending(values);
    this.#counts = new Uint32Array(values.length).fill(1);
    this.#statistic = statistic === 'mean' ? weightedMean : weightedMedian;
    this.#random = random;
    this.value = this.#statistic(this.#sorted, this.#counts);
  }

  /** The statistic of one more resample. */
  draw(): number {
    const size = this.#counts.length;
    this.#counts.fill(0);
    for (let i = 0; i < size; i++) {
      const drawn = this.#random.integer(size);
      this.#counts[drawn] = (this.#counts[drawn] ?? 0) + 1;
    }
    return this.#statistic(this.#sorted, this.#counts);
  }
}

function weightedMean(sorted: Float64Array, counts: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < sorted.length; i++) if (counts[i] !== 0) sum += (counts[i] ?? 0) * (sorted[i] ?? 0);
  return sum / sorted.length;
}

/** Mean of the two middle values of the resample, which are one and the same when its size is odd. */
function weightedMedian(sorted: Float64Array, counts: Uint32Array): number {
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.floor(sorted.length / 2)];
  let passed = 0;
  let below = Number.NaN;
  for (let i = 0; i < sorted.length; i++) {
    const next = passed + (counts[i] ?? 0);
    if (passed <= low && low < next) below = sorted[i] ?? Number.NaN;
    if (passed <= high && high < next) {
      const above = sorted[i] ?? Number.NaN;
      return below === above ? below : (below + above) / 2;
    }
    passed = next;
  }
  return Number.NaN;
}

/** Percentiles of the resamples that are numbers; ratios of two zeros are not. */
function percentileInterval(value: number, resamples: Float64Array): Estimate {
  const sorted = resamples.filter((draw) => !Number.isNaN(draw)).sort();
  const tail = (1 - CONFIDENCE) / 2;
  return { value, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

function drawn(resamples: number, draw: () => number): Float64Array {
  return Float64Array.from({ length: resamples }, draw);
}

function random(seed: number, purpose: string): Random {
  return createRandom({ seed, cell: `bootstrap/${purpose}`, sample: 0 });
}
