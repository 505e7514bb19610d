import type { Counts } from './bootstrap.js';

/** Values as they lie about their mean, and the root of the sum of their squares. */
export interface Deviations {
  readonly values: Float64Array;
  readonly norm: number;
}

/** What a correlation needs of one side, so that correlations with several others need it once. */
export function deviationsOf(values: ArrayLike<number>): Deviations {
  const deviations = Float64Array.from(values);
  let sum = 0;
  for (const value of deviations) sum += value;
  const mean = sum / deviations.length;
  let squares = 0;
  for (let i = 0; i < deviations.length; i++) {
    const x = (deviations[i] ?? 0) - mean;
    deviations[i] = x;
    squares += x * x;
  }
  return { values: deviations, norm: Math.sqrt(squares) };
}

/** Correlation of two sides; NaN when either does not vary. */
export function correlation(a: Deviations, b: Deviations): number {
  return scaled(dot(a.values, b.values), a.norm * b.norm);
}

/** Sum of products, accumulated in order. */
export function dot(a: Float64Array, b: Float64Array): number {
  let product = 0;
  for (let i = 0; i < a.length; i++) product += (a[i] ?? 0) * (b[i] ?? 0);
  return product;
}

/** Rounding must not take a perfect correlation beyond 1. */
function scaled(product: number, scale: number): number {
  return scale > 0 ? Math.min(1, Math.max(-1, product / scale)) : Number.NaN;
}

/** Pearson's product-moment correlation; NaN when either side does not vary. Accumulated in double precision. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return correlation(deviationsOf(a), deviationsOf(b));
}

/** Ranks from 1; equal values share the mean of their ranks. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, index) => index);
  order.sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
  const result = new Float64Array(values.length);
  for (let first = 0; first < order.length;) {
    let last = first;
    while (last + 1 < order.length && values[order[last + 1] ?? 0] === values[order[first] ?? 0]) last++;
    for (let at = first; at <= last; at++) result[order[at] ?? 0] = (first + last) / 2 + 1;
    first = last + 1;
  }
  return result;
}

/** Spearman's rank correlation ρ (Spearman 1904): Pearson's of the ranks; NaN when either side does not vary. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return pearson(ranks(a), ranks(b));
}

/**
 * Spearman's ρ of resamples of pairs, each pair as often as it was drawn. Values are sorted once; what is summed are
 * multiples of a quarter, so that sums are exact, and the same as over the resample written out.
 */
export function resampledSpearman(a: ArrayLike<number>, b: ArrayLike<number>): (counts: Counts) => number {
  const [own, other] = [resampledRanks(a), resampledRanks(b)];
  return (counts) => {
    let size = 0;
    for (const count of counts) size += count;
    const middle = (size + 1) / 2;
    const [x, y] = [own(counts), other(counts)];
    let [product, squareA, squareB] = [0, 0, 0];
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i] ?? 0;
      const [left, right] = [(x[i] ?? 0) - middle, (y[i] ?? 0) - middle];
      product += count * left * right;
      squareA += count * left * left;
      squareB += count * right * right;
    }
    return scaled(product, Math.sqrt(squareA) * Math.sqrt(squareB));
  };
}

/** Ranks within a resample, of every value that is in it; the array is used again. */
function resampledRanks(values: ArrayLike<number>): (counts: Counts) => Float64Array {
  const order = Array.from({ length: values.length }, (_, index) => index);
  order.sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
  const result = new Float64Array(values.length);
  return (counts) => {
    let below = 0;
    for (let first = 0; first < order.length;) {
      const value = values[order[first] ?? 0];
      let next = first;
      let size = 0;
      while (next < order.length && values[order[next] ?? 0] === value)
        size += counts[order[next++] ?? 0] ?? 0;
      const rank = below + (size + 1) / 2;
      for (let at = first; at < next; at++) result[order[at] ?? 0] = rank;
      below += size;
      first = next;
    }
    return result;
  };
}
