export { evaluateAll } from './batching/evaluate-all.js';
export type { BatchOptions } from './batching/evaluate-all.js';
export { gradientsOfBatch } from './batching/gradients-of-batch.js';
export type { SampleGradient } from './batching/gradients-of-batch.js';
export { RowLimit, evenRun, runFitting } from './batching/run-size.js';
export type { RunSize } from './batching/run-size.js';
export { TunedRunSize } from './batching/tuned-run-size.js';
export type { TunedSizes } from './batching/tuned-run-size.js';
export { consecutiveSamples } from './classifier.js';
export type {
  Classifier,
  DifferentiableClassifier,
  Objective,
  ObjectiveGradients,
  Sample,
} from './classifier.js';
export { createFeatureExtractor } from './feature-extractor.js';
export type { FeatureExtractor } from './feature-extractor.js';
export { createClassifier, createDifferentiableClassifier } from './graph-classifier.js';
export type { RunSizes } from './graph-classifier.js';
export { clearInvalid } from './invalid-entries.js';
export { argmax, crossEntropy, margin } from './logits.js';
export { assertAlike, meanOf, sumOf } from './several-models.js';
export { oneHot } from './one-hot.js';
export { FUSIONS, fuse } from './fused.js';
export type { Fusion } from './fused.js';
