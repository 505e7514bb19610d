import type { Random } from '@unpair/robustness';
import { medianBounds } from './intervals.js';
import type { Outcome } from './outcomes.js';
import { mean, median, quantile } from './quantiles.js';
import type { QueryReport, QueryShare } from './report.js';

/** Summarises what the samples attacked in one cell cost; `random` drives the bootstrap. */
export function queryReport(outcomes: readonly Outcome[], budget: number, random: Random): QueryReport {
  const successes = outcomes.filter(({ success }) => success).map(({ cost }) => cost);
  const all = outcomes.map(({ cost }) => cost);
  return {
    budget,
    mean: mean(successes),
    median: median(successes),
    medianInterval: medianBounds(successes, random),
    medianAll: median(all),
    medianAllInterval: medianBounds(all, random),
    p90: quantile(successes, 0.9),
    cdf: queryCdf(successes, all.length, budget),
  };
}

/** Points 1, 2, 5, 10, 20, 50, … and the budget: enough to draw the curve on a logarithmic axis. */
function queryCdf(successes: readonly number[], samples: number, budget: number): readonly QueryShare[] {
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
