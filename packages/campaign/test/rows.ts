import type { AttackRow } from '@unpair/attacks';
import type { MaskingRow, SimilarityRow } from '@unpair/measurements';

/** A row of a successful attack, with what a test cares about replaced. */
export function attackRow(sample: number, change: Partial<AttackRow>): AttackRow {
  return {
    sample,
    label: 0,
    cleanCorrect: true,
    surrogateCorrect: true,
    success: true,
    successRounded: true,
    queries: 1,
    surrogateQueries: 0,
    zeroGradients: 0,
    invalidGradients: 0,
    surrogateForwards: 0,
    distance100: 0,
    distance300: 0,
    distance1000: 0,
    distance3000: 0,
    distance10000: 0,
    linf: 0.03,
    l2: 1,
    ...change,
  };
}

/** A row of two models that have little in common, with what a test cares about replaced. */
export function similarityRow(sample: number, change: Partial<SimilarityRow>): SimilarityRow {
  return {
    sample,
    cosine: 0.5,
    surrogateNorm: 1,
    targetNorm: 1,
    agree: true,
    klDivergence: 0.25,
    logitCorrelation: 0.75,
    surrogateCurvature: 2,
    targetCurvature: 4,
    surrogateInvalid: false,
    targetInvalid: false,
    hogCosine: 0.5,
    edgeIou: 0.25,
    ...change,
  };
}

/** A row of a sample on which every check for masked gradients is passed, with what a test cares about replaced. */
export function maskingRow(sample: number, change: Partial<MaskingRow> = {}): MaskingRow {
  return {
    sample,
    cleanCorrect: true,
    unbounded: true,
    gradient: true,
    random: true,
    lossRises: true,
    gradientVanishes: false,
    gradientInvalid: false,
    ...change,
  };
}
