import { mean } from './quantile.js';

/** Pearson's product-moment correlation; NaN when either side does not vary. Accumulated in double precision. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const size = a.length;
  const [meanA, meanB] = [mean(Array.from(a)), mean(Array.from(b))];
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < size; i++) {
    const [x, y] = [(a[i] ?? 0) - meanA, (b[i] ?? 0) - meanB];
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  const scale = Math.sqrt(squareA) * Math.sqrt(squareB);
  // Rounding must not take a perfect correlation beyond 1.
  return scale > 0 ? Math.min(1, Math.max(-1, product / scale)) : Number.NaN;
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
