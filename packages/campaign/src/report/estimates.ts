import { ascending, bootstrap, mean, median, quantile, wilson } from '@unpair/numerics';
import type { Estimate, Statistic } from '@unpair/numerics';

/** A 95 % interval of an estimate that stands beside it. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** A ratio with its 95 % interval; `high` is null where the interval has no upper end. */
export interface Ratio {
  readonly value: number;
  readonly low: number;
  readonly high: number | null;
}

/*
 * The statistics of a report: those of the robustness package, with null where these have NaN, since a report is JSON.
 */

/** A rate with its Wilson interval; null of no trials. */
export function rate(hits: number, trials: number): Estimate | null {
  return trials === 0 ? null : wilson(hits, trials);
}

/** Mean; null of nothing. */
export function meanOf(values: readonly number[] | Float64Array): number | null {
  return values.length === 0 ? null : mean(values);
}

/** Median; null of nothing. */
export function medianOf(values: ArrayLike<number>): number | null {
  return values.length === 0 ? null : median(values);
}

/** Quantile; null of nothing. */
export function quantileOf(values: ArrayLike<number>, share: number): number | null {
  return values.length === 0 ? null : quantile(ascending(values), share);
}

/** Bootstrap bounds of a statistic; null of nothing. */
export function boundsOf(statistic: Statistic, values: ArrayLike<number>, seed: number): Bounds | null {
  if (values.length === 0) return null;
  const { low, high } = bootstrap(values, { statistic, seed });
  return { low, high };
}
