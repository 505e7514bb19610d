import type { SimilarityMeasures, SimilarityReport } from './report.js';

/** A measure of similarity or smoothness that may explain what a surrogate is worth. */
export interface Measure {
  /** Where it stands in an entry of `similarity[]`; `log10` before what spans orders of magnitude. */
  readonly name: string;
  /** Null where the pair lacks it. */
  readonly of: (pair: SimilarityReport) => number | null;
}

/** Cosine of input gradients: what the paper's effect is put down to. */
export const COSINE: Measure = {
  name: 'gradientCosine.mean',
  of: ({ gradientCosine }) => gradientCosine.mean,
};

/** First-order smoothness of the surrogate (arXiv 2104.00671). */
export const SMOOTHNESS: Measure = {
  name: 'log10 gradientNorm.surrogate',
  of: ({ gradientNorm }) => logarithm(gradientNorm.surrogate.value),
};

/** Every measure, in the order of reports. */
export const MEASURES: readonly Measure[] = [
  COSINE,
  { name: 'gradientCosine.meanAbsolute', of: ({ gradientCosine }) => gradientCosine.meanAbsolute },
  perturbed('noised'),
  perturbed('adversarial'),
  { name: 'log10 gradientNormRatio', of: ({ gradientNormRatio }) => logarithm(gradientNormRatio) },
  SMOOTHNESS,
  { name: 'log10 curvature.surrogate', of: ({ curvature }) => logarithm(curvature.surrogate.value) },
  { name: 'agreement', of: ({ agreement }) => agreement },
  { name: 'klDivergence', of: ({ klDivergence }) => klDivergence.value },
  { name: 'logitCorrelation', of: ({ logitCorrelation }) => logitCorrelation.value },
  { name: 'linearCka', of: ({ linearCka }) => linearCka?.value ?? null },
  {
    name: 'gradientStructure.hogCosine',
    of: ({ gradientStructure }) => gradientStructure?.hogCosine.value ?? null,
  },
  {
    name: 'gradientStructure.edgeIou',
    of: ({ gradientStructure }) => gradientStructure?.edgeIou.value ?? null,
  },
];

function perturbed(inputs: 'noised' | 'adversarial'): Measure {
  const mean = (measures: SimilarityMeasures | null): number | null => measures?.gradientCosine.mean ?? null;
  return { name: `${inputs}.gradientCosine.mean`, of: (pair) => mean(pair[inputs]) };
}

function logarithm(value: number | null): number | null {
  return value !== null && value > 0 ? Math.log10(value) : null;
}
