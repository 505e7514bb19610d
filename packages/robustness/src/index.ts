export type {
  Architecture,
  ArchitectureOption,
  ArchitectureOptions,
  ClassifierShape,
} from './architectures/architecture.js';
export { heDeviation, normalInitializer } from './architectures/initialization.js';
export type { Initializer } from './architectures/initialization.js';
export { ARCHITECTURES, ArchitectureError, buildArchitecture } from './architectures/registry.js';
export type {
  AmountDefault,
  Answer,
  AttackDefinition,
  AttackRun,
  GradientAnswer,
  Parameters,
  ParameterSpec,
  ParameterValue,
  Problem,
  QueryAnswer,
  Request,
} from './attacks/attack.js';
export { parseAmount, resolveParameters } from './attacks/parameters.js';
export type { ParameterProblem, Resolution } from './attacks/parameters.js';
export { priorWeight } from './attacks/prior-weight.js';
export { attacks } from './attacks/registry.js';
export type { BatchOptions } from './batching/evaluate-all.js';
export { RowLimit, evenRun, runFitting } from './batching/run-size.js';
export type { FittingRun, RunSize, RunSizing } from './batching/run-size.js';
export { TunedRunSize } from './batching/tuned-run-size.js';
export type { TunedRunSizeOptions, TunedSizes } from './batching/tuned-run-size.js';
export { consecutiveSamples } from './classifier.js';
export type { Classifier, DifferentiableClassifier, LossGradients, Sample } from './classifier.js';
export type { ImageShape } from './classifier-graph.js';
export { HeldOutEvaluation } from './defences/held-out.js';
export type { HeldOutOptions, SelectionRule } from './defences/held-out.js';
export { UNPAIRING_TERMS, unpairs } from './defences/objective.js';
export type { UnpairingObjective, UnpairingTerm, UnpairingTermName } from './defences/objective.js';
export { unpair } from './defences/unpair.js';
export type { UnpairOptions } from './defences/unpair.js';
export { checkGradientMasking, judgeMasking, measureMasking } from './diagnostics/gradient-masking.js';
export type {
  MaskingCheck,
  MaskingOptions,
  MaskingReport,
  MaskingRow,
} from './diagnostics/gradient-masking.js';
export { createEnsemble } from './ensemble.js';
export { measureAccuracy } from './evaluation/accuracy.js';
export type { AccuracyRow } from './evaluation/accuracy.js';
export { createFeatureExtractor } from './feature-extractor.js';
export type { FeatureExtractor } from './feature-extractor.js';
export { createClassifier, createDifferentiableClassifier } from './graph-classifier.js';
export type { GraphClassifierOptions, RunSizes } from './graph-classifier.js';
export { argmax, crossEntropy, margin } from './logits.js';
export { Oracle } from './oracle.js';
export type { Verdict } from './oracle.js';
export { createRandom } from './random/stream.js';
export type { Random } from './random/random.js';
export type { StreamId } from './random/stream-key.js';
export { RobustnessError } from './robustness-error.js';
export type { AttackRow } from './scheduler/attack-row.js';
export { runAttack } from './scheduler/run-attack.js';
export type { AttackOptions, AttackProgress } from './scheduler/run-attack.js';
export { deriveSibling, sampleDemand } from './siblings/derive.js';
export { distillModel } from './siblings/distill.js';
export { imitateModel } from './siblings/imitate.js';
export { pruneModel } from './siblings/prune.js';
export { measureAlignment, MINIBATCH, resampledCka } from './similarity/feature-alignment.js';
export type { AlignmentRow } from './similarity/feature-alignment.js';
export { measureSimilarity } from './similarity/measure-similarity.js';
export type { SimilarityOptions } from './similarity/measure-similarity.js';
export { SIMILARITY_INPUTS } from './similarity/similarity-row.js';
export type { SimilarityInputs, SimilarityRow } from './similarity/similarity-row.js';
export { quantizeModel } from './siblings/quantize.js';
export { siblings } from './siblings/registry.js';
export type {
  HeldOutDemand,
  ParameterMisfit,
  SampleDemand,
  SiblingDefinition,
  SiblingRequest,
} from './siblings/sibling.js';
export {
  bootstrap,
  bootstrapMeans,
  bootstrapSamples,
  resampledMean,
  resampledMedian,
} from './statistics/bootstrap.js';
export type { BootstrapOptions, Counts, Statistic } from './statistics/bootstrap.js';
export { pearson, ranks, spearman } from './statistics/correlation.js';
export type { Estimate } from './statistics/interval.js';
export { spearmanPValue } from './statistics/permutation-test.js';
export { ascending, mean, median, quantile } from './statistics/quantile.js';
export { standardizedFit } from './statistics/regression.js';
export type { StandardizedFit } from './statistics/regression.js';
export { wilson } from './statistics/wilson.js';
export { distance, isAdmissible, project, randomStart } from './threat.js';
export type { Distance, Norm, Threat } from './threat.js';
export { drawPlacement, placeImage } from './training/augmentation.js';
export type { Augmentation, Placement } from './training/augmentation.js';
export {
  layOut,
  layoutSize,
  packTensors,
  trainedWeights,
  unpackTensors,
  withInitializers,
} from './training/parameters.js';
export type { TensorRange } from './training/parameters.js';
export { TrainingCurve } from './training/curve.js';
export type { CurveState, TrainingPoint } from './training/curve.js';
export { fineTune } from './training/fine-tune.js';
export type {
  Checkpoints,
  FineTuneOptions,
  FineTuneProgress,
  FineTuneSchedule,
  ShardBatch,
  WeightConstraint,
} from './training/fine-tune.js';
export { recordLayout, writeRecord } from './training/record.js';
export type { ShownRows } from './training/record.js';
export type { Evaluation, Measures } from './training/selection.js';
export { fillBatch, firstImages, firstSamples } from './training/samples.js';
export type { Presentation, TrainingSamples } from './training/samples.js';
export { decodeState, encodeState, initialState, modelOf, updateState } from './training/state.js';
export type { StepReport, TrainingState } from './training/state.js';
export { pixelStatistics } from './training/pixel-statistics.js';
export type { PixelStatistics } from './training/pixel-statistics.js';
export type { Recipe } from './training/recipe.js';
export { learningRate } from './training/schedule.js';
export type { Schedule } from './training/schedule.js';
export { sgdStep } from './training/sgd.js';
export type { ParameterRange, SgdOptions, SgdState } from './training/sgd.js';
export { averageShards, trackStatistics } from './training/shards.js';
export { epochOrder } from './training/shuffle.js';
export { buildTrainingStep } from './training/step-graph.js';
export type { TrainingStep, TrainingStepOptions } from './training/step-graph.js';
export { smoothTargets } from './training/targets.js';
