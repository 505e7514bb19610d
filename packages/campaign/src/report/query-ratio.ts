import type { Estimate, Random } from '@unpair/numerics';
import { bootstrapMedianRatio } from '@unpair/numerics';
import { medianOf } from './estimates.js';

/**
 * A ratio of median queries, failures set to the budget. Where one of the medians is the budget, what it would have been
 * without is not known, and the true ratio is at least (`lower`) or at most (`upper`) this one.
 */
export interface QueryRatio extends Estimate {
  readonly bound: 'lower' | 'upper' | null;
}

/** What each of some samples cost one search; those of two searches that are compared are of the same samples. */
export interface Costs {
  readonly costs: ArrayLike<number>;
  readonly budget: number;
}

/**
 * Median queries of one search over those of another; `random` drives the bootstrap over samples. Null where both medians
 * are budgets, which says nothing of how they compare.
 */
export function queryRatio(over: Costs, under: Costs, random: Random): QueryRatio | null {
  const [isLower, isUpper] = [isCensored(over), isCensored(under)];
  if (isLower && isUpper) return null;
  const ratio = bootstrapMedianRatio(over.costs, under.costs, random);
  return { ...ratio, bound: isLower ? 'lower' : isUpper ? 'upper' : null };
}

/** Whether the budget hides the median: more than half of the samples failed within it. */
export function isCensored({ costs, budget }: Costs): boolean {
  const median = medianOf(costs);
  return median !== null && median >= budget;
}
