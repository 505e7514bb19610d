import { correlation, deviationsOf } from './correlation.js';

/** A least-squares fit in units of standard deviations. */
export interface StandardizedFit {
  /** Standard deviations that the outcome moves with one of each predictor, the others held: one a predictor. */
  readonly coefficients: readonly number[];
  /** Share of the outcome's variance that the fit explains. */
  readonly rSquared: number;
}

/** Pivots below this are rounding: the predictors say the same. */
const SINGULAR = 1e-10;

/**
 * Linear regression by least squares, standardised: β = R⁻¹·r and R² = r·β, with R the correlations among the predictors
 * and r theirs with the outcome (Cohen et al. 2003, section 3.5). Undefined where the outcome or a predictor does not
 * vary, or a predictor follows from the others.
 *
 * @param predictors one array [n] each
 * @param outcome [n]
 */
export function standardizedFit(
  predictors: readonly ArrayLike<number>[],
  outcome: ArrayLike<number>,
): StandardizedFit | undefined {
  const sides = predictors.map(deviationsOf);
  const last = deviationsOf(outcome);
  const correlations = sides.map((a) => sides.map((b) => correlation(a, b)));
  const withOutcome = sides.map((side) => correlation(side, last));
  const coefficients = solve(correlations, withOutcome);
  if (coefficients === undefined) return undefined;
  const rSquared = coefficients.reduce((sum, value, at) => sum + value * (withOutcome[at] ?? 0), 0);
  return { coefficients, rSquared: Math.min(1, Math.max(0, rSquared)) };
}

/** Solves a symmetric positive definite system by Gaussian elimination; undefined when it is singular. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | undefined {
  const rows = matrix.map((row, at) => [...row, right[at] ?? Number.NaN]);
  for (const [at, pivotRow] of rows.entries()) {
    const pivot = pivotRow[at] ?? Number.NaN;
    if (!(pivot > SINGULAR)) return undefined;
    for (const [other, row] of rows.entries()) {
      if (other === at) continue;
      const factor = (row[at] ?? 0) / pivot;
      pivotRow.forEach((value, column) => (row[column] = (row[column] ?? 0) - factor * value));
    }
  }
  const solution = rows.map((row, at) => (row.at(-1) ?? Number.NaN) / (row[at] ?? Number.NaN));
  return solution.every(Number.isFinite) ? solution : undefined;
}
