export { accuracyKind, measureAccuracy } from './accuracy/accuracy.js';
export type { AccuracyRow } from './accuracy/accuracy.js';
export { AnswerTally, nearChance } from './accuracy/near-chance.js';
export type { Answer } from './accuracy/near-chance.js';
export { attackKind } from './attack/attack-kind.js';
export {
  attackGradients,
  doVanish,
  gradientFaults,
  gradientHealth,
  lackGradients,
} from './gradients/gradient-health.js';
export type { GradientHealth } from './gradients/gradient-health.js';
export {
  checkGradientMasking,
  judgeMasking,
  maskingKind,
  measureMasking,
} from './masking/gradient-masking.js';
export type { MaskingCheck, MaskingReport, MaskingRow } from './masking/gradient-masking.js';
export { columnsOf, groupKey } from './row-kind.js';
export type { AnyRow, ColumnType, KeyOf, NamedColumn, RowKind, RowOf } from './row-kind.js';
export { ROW_KINDS } from './row-kinds.js';
export type { ListedKind } from './row-kinds.js';
export { alignmentKind, measureAlignment, resampledCka } from './similarity/feature-alignment.js';
export type { AlignmentRow } from './similarity/feature-alignment.js';
export { structureLikeness } from './similarity/gradient-structure.js';
export { measureSimilarity } from './similarity/measure-similarity.js';
export { SIMILARITY_INPUTS, similarityKind } from './similarity/similarity-row.js';
export type { SimilarityInputs, SimilarityRow } from './similarity/similarity-row.js';
