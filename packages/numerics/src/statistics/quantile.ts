/** The values as an ascending array of doubles. */
export function ascending(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/**
 * Quantile of an ascending array, by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996);
 * NaN when it is empty.
 */
export function quantile(sorted: Float64Array, share: number): number {
  if (!(share >= 0 && share <= 1))
    throw new RangeError(`a quantile's share must be from 0 to 1, got ${share}`);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  // Equal neighbours first: infinite ones must not turn into NaN.
  return below === above ? below : below + (position - Math.floor(position)) * (above - below);
}

/** Median of any values; NaN when there are none. */
export function median(values: ArrayLike<number>): number {
  return quantile(ascending(values), 0.5);
}

/** Arithmetic mean; NaN when there are no values. */
export function mean(values: Iterable<number>): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    sum += value;
    count++;
  }
  return sum / count;
}
