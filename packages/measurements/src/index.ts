export { measureAccuracy } from './accuracy/accuracy.js';
export type { AccuracyRow } from './accuracy/accuracy.js';
export { checkGradientMasking, judgeMasking, measureMasking } from './masking/gradient-masking.js';
export type { MaskingCheck, MaskingReport, MaskingRow } from './masking/gradient-masking.js';
export { measureAlignment, resampledCka } from './similarity/feature-alignment.js';
export type { AlignmentRow } from './similarity/feature-alignment.js';
export { measureSimilarity } from './similarity/measure-similarity.js';
export { SIMILARITY_INPUTS } from './similarity/similarity-row.js';
export type { SimilarityInputs, SimilarityRow } from './similarity/similarity-row.js';
