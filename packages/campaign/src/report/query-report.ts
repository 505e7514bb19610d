import { boundsOf, meanOf, medianOf, quantileOf } from './estimates.js';
import type { QueryReport, QueryShare } from './report.js';

/** What the samples attacked in one cell cost. */
export interface CellCosts {
  readonly successes: Float64Array;
  /** Of failures, too. */
  readonly all: Float64Array;
  readonly budget: number;
  /** Of the bootstrap. */
  readonly seed: number;
}

/** Summarises what the samples attacked in one cell cost. */
export function queryReport({ successes, all, budget, seed }: CellCosts): QueryReport {
  return {
    budget,
    mean: meanOf(successes),
    median: medianOf(successes),
    medianInterval: boundsOf('median', successes, seed),
    medianAll: medianOf(all),
    medianAllInterval: boundsOf('median', all, seed),
    p90: quantileOf(successes, 0.9),
    cdf: queryCdf(successes, all.length, budget),
  };
}

/** Points 1, 2, 5, 10, 20, 50, … and the budget: enough to draw the curve on a logarithmic axis. */
function queryCdf(successes: Float64Array, samples: number, budget: number): readonly QueryShare[] {
  if (successes.length === 0) return [];
  return roundNumbersBelow(budget).map((queries) => {
    const within = successes.filter((cost) => cost <= queries).length;
    return { queries, ofSuccesses: within / successes.length, ofSamples: within / samples };
  });
}

function roundNumbersBelow(budget: number): readonly number[] {
  const points: number[] = [];
  for (let decade = 1; decade < budget; decade *= 10) {
    points.push(...[decade, 2 * decade, 5 * decade].filter((point) => point < budget));
  }
  return [...points, budget];
}
