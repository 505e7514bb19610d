import { ascending } from './quantile.js';

/** A point of the query curve: the share of samples that fell within so many queries. */
export interface CurvePoint {
  readonly queries: number;
  readonly share: number;
}

/**
 * Cumulative distribution of the queries that successes took, over all attacked samples: it ends at the success rate.
 * One point for each distinct count.
 *
 * @param queries of the successes
 * @param attacked samples that were attacked, successes and failures
 */
export function queryCurve(queries: ArrayLike<number>, attacked: number): readonly CurvePoint[] {
  if (!(queries.length <= attacked)) {
    throw new RangeError(`attacked must be at least ${queries.length} (the successes), got ${attacked}`);
  }
  const sorted = ascending(queries);
  const points: CurvePoint[] = [];
  sorted.forEach((count, index) => {
    if (sorted[index + 1] !== count) points.push({ queries: count, share: (index + 1) / attacked });
  });
  return points;
}
