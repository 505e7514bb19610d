import type { Random } from '../random/random.js';
import { pearson, ranks } from './correlation.js';

/** Permutations drawn: p-values are multiples of 1/10,000. */
const PERMUTATIONS = 9999;
/** Correlations of the same ranks in another order differ by rounding. */
const ROUNDING = 1e-12;

/**
 * Two-sided p-value of Spearman's ρ by a permutation test (Phipson and Smyth 2010: the observed order counts as one
 * draw), which assumes nothing of the distributions and holds for few pairs. NaN where ρ is.
 */
export function spearmanPValue(a: ArrayLike<number>, b: ArrayLike<number>, random: Random): number {
  const [own, other] = [ranks(a), ranks(b)];
  const observed = Math.abs(pearson(own, other));
  if (Number.isNaN(observed)) return Number.NaN;
  let asExtreme = 1;
  for (let draw = 0; draw < PERMUTATIONS; draw++) {
    shuffle(other, random);
    if (Math.abs(pearson(own, other)) >= observed - ROUNDING) asExtreme++;
  }
  return asExtreme / (PERMUTATIONS + 1);
}

/** Fisher–Yates, in place. */
function shuffle(values: Float64Array, random: Random): void {
  for (let last = values.length - 1; last > 0; last--) {
    const at = random.integer(last + 1);
    [values[last], values[at]] = [values[at] ?? 0, values[last] ?? 0];
  }
}
