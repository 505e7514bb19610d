import type { SimilarityRow } from '@unpair/robustness';
import { boundsOf, meanOf, rate } from './estimates.js';
import type { SimilarityReport } from './report.js';

/** Summarises how alike two models are over `rows`; null without rows. `seed` is the bootstrap's. */
export function similarityReport(
  surrogate: string,
  target: string,
  rows: readonly SimilarityRow[],
  seed: number,
): SimilarityReport | null {
  // A gradient of zero has no direction in common with anything.
  const cosines = rows.map(({ cosine }) => (Number.isFinite(cosine) ? cosine : 0));
  const average = meanOf(cosines);
  const bounds = boundsOf('mean', cosines, seed);
  const agreement = rate(rows.filter(({ agree }) => agree).length, rows.length);
  if (average === null || bounds === null || agreement === null) return null;
  return {
    surrogate,
    target,
    samples: rows.length,
    gradientCosine: { mean: average, meanAbsolute: meanOf(cosines.map(Math.abs)) ?? 0, ...bounds },
    gradientNormRatio: normRatio(rows),
    agreement: agreement.value,
    agreementInterval: { low: agreement.low, high: agreement.high },
  };
}

function normRatio(rows: readonly SimilarityRow[]): number | null {
  const logarithms = rows
    .filter(({ surrogateNorm, targetNorm }) => surrogateNorm > 0 && targetNorm > 0)
    .map(({ surrogateNorm, targetNorm }) => Math.log(surrogateNorm / targetNorm));
  const average = meanOf(logarithms);
  return average === null ? null : Math.exp(average);
}
