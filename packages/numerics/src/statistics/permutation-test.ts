import type { Random } from '../random/random.js';
import { correlation, deviationsOf, dot, ranks } from './correlation.js';

/** Permutations drawn: p-values are multiples of 1/10,000. */
const PERMUTATIONS = 9999;
/** Correlations of the same ranks in another order differ by rounding. */
const ROUNDING = 1e-12;

/**
 * Two-sided p-value of Spearman's ρ by a permutation test (Phipson and Smyth 2010: the observed order counts as one
 * draw), which assumes nothing of the distributions and holds for few pairs. NaN where ρ is.
 */
export function spearmanPValue(a: ArrayLike<number>, b: ArrayLike<number>, random: Random): number {
  const [own, other] = [deviationsOf(ranks(a)), deviationsOf(ranks(b))];
  const observed = Math.abs(correlation(own, other));
  if (Number.isNaN(observed)) return Number.NaN;
  // Deviations of ranks are multiples of a half: their sums are exact in any order, and the norms stay what they are.
  const scale = own.norm * other.norm;
  const [left, right] = [own.values, other.values];
  let asExtreme = 1;
  for (let draw = 0; draw < PERMUTATIONS; draw++) {
    random.shuffle(right);
    if (Math.min(1, Math.abs(dot(left, right)) / scale) >= observed - ROUNDING) asExtreme++;
  }
  return asExtreme / (PERMUTATIONS + 1);
}
