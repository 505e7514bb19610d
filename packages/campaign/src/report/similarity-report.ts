import type { AlignmentRow, SimilarityInputs, SimilarityRow } from '@unpair/measurements';
import type { Estimate, Random } from '@unpair/numerics';
import { bootstrapMeans, bootstrapSamples, createRandom } from '@unpair/numerics';
import { gradientHealth, resampledCka } from '@unpair/measurements';
import type { Pair } from '../pairs.js';
import { boundsOf, meanOf, rate } from './estimates.js';
import type { Bounds } from './estimates.js';
import type { SimilarityMeasures, SimilarityReport } from './report.js';

/** The rows of a pair. */
export interface PairRows extends Readonly<Record<SimilarityInputs, readonly SimilarityRow[]>> {
  readonly alignment: readonly AlignmentRow[];
}

/** Fewest minibatches that a bootstrap can say something of. */
const LEAST_MINIBATCHES = 2;

/** Two models, the rows that compare them, and the seed of the bootstrap. */
export interface Likened {
  readonly pair: Pair;
  readonly rows: PairRows;
  readonly seed: number;
}

/** Summarises how alike two models are; null without rows on clean inputs. */
export function similarityReport({ pair, rows, seed }: Likened): SimilarityReport | null {
  const { surrogate, target } = pair;
  const { clean, noised, adversarial, alignment } = rows;
  const measures = measuresOf(clean, seed);
  if (measures === null) return null;
  return {
    surrogate: surrogate.name,
    target,
    ...measures,
    linearCka: linearCka(alignment, createRandom({ seed, cell: 'bootstrap/cka', sample: 0 })),
    noised: measuresOf(noised, seed),
    adversarial: measuresOf(adversarial, seed),
  };
}

/** Means over the samples, and of each the interval over the same resamples. */
function measuresOf(given: readonly SimilarityRow[], seed: number): SimilarityMeasures | null {
  const rows = given.toSorted((a, b) => a.sample - b.sample);
  const agreement = rate(rows.filter(({ agree }) => agree).length, rows.length);
  if (agreement === null) return null;
  const random = createRandom({ seed, cell: 'bootstrap/similarity', sample: 0 });
  // A gradient of zero has no direction in common with anything.
  const cosines = rows.map(({ cosine }) => (Number.isFinite(cosine) ? cosine : 0));
  const columns = {
    cosine: cosines,
    absolute: cosines.map(Math.abs),
    surrogateNorm: rows.map((row) => row.surrogateNorm),
    targetNorm: rows.map((row) => row.targetNorm),
    surrogateCurvature: rows.map((row) => row.surrogateCurvature),
    targetCurvature: rows.map((row) => row.targetCurvature),
    klDivergence: rows.map((row) => row.klDivergence),
    logitCorrelation: rows.map((row) => row.logitCorrelation),
    hogCosine: rows.map((row) => row.hogCosine),
    edgeIou: rows.map((row) => row.edgeIou),
  };
  const means = bootstrapMeans(columns, random);
  // Rows from before this was measured have 0.
  const isMeasured = rows.some(({ hogCosine }) => hogCosine > 0);
  return {
    samples: rows.length,
    gradientCosine: {
      mean: means.cosine.value,
      ...boundsAlone(means.cosine),
      meanAbsolute: means.absolute.value,
      meanAbsoluteInterval: boundsAlone(means.absolute),
    },
    ...normRatio(rows, seed),
    gradientNorm: { surrogate: means.surrogateNorm, target: means.targetNorm },
    gradients: {
      surrogate: gradientHealth(rows, (row) => ({
        vanishes: row.surrogateNorm === 0,
        invalid: row.surrogateInvalid,
      })),
      target: gradientHealth(rows, (row) => ({ vanishes: row.targetNorm === 0, invalid: row.targetInvalid })),
    },
    curvature: { surrogate: means.surrogateCurvature, target: means.targetCurvature },
    agreement: agreement.value,
    agreementInterval: boundsAlone(agreement),
    klDivergence: means.klDivergence,
    logitCorrelation: means.logitCorrelation,
    gradientStructure: isMeasured ? { hogCosine: means.hogCosine, edgeIou: means.edgeIou } : null,
  };
}

function boundsAlone({ low, high }: Estimate): Bounds {
  return { low, high };
}

function normRatio(
  rows: readonly SimilarityRow[],
  seed: number,
): Pick<SimilarityMeasures, 'gradientNormRatio' | 'gradientNormRatioInterval'> {
  const logarithms = rows
    .filter(({ surrogateNorm, targetNorm }) => surrogateNorm > 0 && targetNorm > 0)
    .map(({ surrogateNorm, targetNorm }) => Math.log(surrogateNorm / targetNorm));
  const average = meanOf(logarithms);
  const bounds = boundsOf('mean', logarithms, seed);
  return {
    gradientNormRatio: average === null ? null : Math.exp(average),
    gradientNormRatioInterval: bounds && { low: Math.exp(bounds.low), high: Math.exp(bounds.high) },
  };
}

/** Minibatches are resampled, since the estimate is a ratio of means over them. */
function linearCka(given: readonly AlignmentRow[], random: Random): Estimate | null {
  if (given.length < LEAST_MINIBATCHES) return null;
  const rows = given.toSorted((a, b) => a.sample - b.sample);
  const estimate = bootstrapSamples(rows.length, resampledCka(rows), random);
  return Number.isFinite(estimate.value) ? estimate : null;
}
