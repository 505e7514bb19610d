import type { Random } from '@unpair/robustness';
import type { SimilarityRow } from '../results/rows.js';
import { meanBounds, rate } from './intervals.js';
import { mean } from './quantiles.js';
import type { SimilarityReport } from './report.js';

/** Summarises how alike two models are over `rows`; null without rows. `random` drives the bootstrap. */
export function similarityReport(
  surrogate: string,
  target: string,
  rows: readonly SimilarityRow[],
  random: Random,
): SimilarityReport | null {
  // A gradient of zero has no direction in common with anything.
  const cosines = rows.map(({ cosine }) => (Number.isFinite(cosine) ? cosine : 0));
  const average = mean(cosines);
  const bounds = meanBounds(cosines, random);
  const agreement = rate(rows.filter(({ agree }) => agree).length, rows.length);
  if (average === null || bounds === null || agreement === null) return null;
  return {
    surrogate,
    target,
    samples: rows.length,
    gradientCosine: { mean: average, meanAbsolute: mean(cosines.map(Math.abs)) ?? 0, ...bounds },
    gradientNormRatio: normRatio(rows),
    agreement: agreement.value,
    agreementInterval: { low: agreement.low, high: agreement.high },
  };
}

function normRatio(rows: readonly SimilarityRow[]): number | null {
  const logarithms = rows
    .filter(({ surrogateNorm, targetNorm }) => surrogateNorm > 0 && targetNorm > 0)
    .map(({ surrogateNorm, targetNorm }) => Math.log(surrogateNorm / targetNorm));
  const average = mean(logarithms);
  return average === null ? null : Math.exp(average);
}
