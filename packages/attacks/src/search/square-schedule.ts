/** Iterations, of 10,000, past which the share of changed pixels halves once more. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000] as const;

/**
 * Share p of the pixels that Square changes at an iteration: it halves at fixed points of a run of 10,000, scaled to
 * the budget (Andriushchenko et al. 2020, arXiv 1912.00049).
 */
export function changedShare(initial: number, iteration: number, budget: number): number {
  const scaled = Math.floor((iteration / budget) * 10_000);
  return initial / 2 ** HALVINGS.filter((past) => scaled > past).length;
}
