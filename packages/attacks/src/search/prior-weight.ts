/**
 * λ of P-RGF for uniformly random directions (Cheng et al. 2019, arXiv 1906.06919, theorem 1): the share of the squared
 * length of every sampled direction that the prior should take.
 *
 * @param alpha cosine between the prior and the true gradient, not negative
 * @param dimension number of input values, n
 * @param samples directions drawn for one estimate, q
 * @returns 0 where the prior is useless, 1 where it is better than any estimate, and the optimum between
 */
export function priorWeight(alpha: number, dimension: number, samples: number): number {
  const a = alpha * alpha;
  const n = dimension;
  const reach = n + 2 * samples - 2;
  if (a * reach <= 1) return 0;
  if (a * reach >= 2 * samples - 1) return 1;
  return ((1 - a) * (1 - a * reach)) / (a * a * n * reach - 2 * a * n * samples + 1);
}
