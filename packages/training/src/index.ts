export type { ArchitectureOptions, ClassifierShape } from './architectures/architecture.js';
export { normalInitializer } from './architectures/initialization.js';
export { ARCHITECTURES, buildArchitecture } from './architectures/registry.js';
export { TrainingCurve } from './curve.js';
export type { CurveState, TrainingPoint } from './curve.js';
export { fineTune } from './fine-tune.js';
export type { FineTuneOptions } from './fine-tune.js';
export { descentOf, descentParameters, trainNormalized } from './fine-tuning/descent.js';
export { finetuneParameters, scheduleOf, trainingDemand } from './fine-tuning/finetune-parameters.js';
export { overSamples } from './fine-tuning/over-samples.js';
export type { SamplesToRun } from './fine-tuning/over-samples.js';
export { TEMPERATURE, teacherParameters, withTeacher } from './fine-tuning/teacher.js';
export { learningRate } from './optimization/schedule.js';
export { sgdStep } from './optimization/sgd.js';
export { averageShards, trackStatistics } from './optimization/shards.js';
export {
  layOut,
  layoutSize,
  packTensors,
  trainedWeights,
  unpackTensors,
  withInitializers,
} from './parameters.js';
export type { TensorRange } from './parameters.js';
export type { Recipe } from './recipe.js';
export { drawPlacement, placeImage } from './samples/augmentation.js';
export { pixelStatistics } from './samples/pixel-statistics.js';
export type { ShownRows } from './samples/record.js';
export { firstImages, firstSamples, sampleCount } from './samples/samples.js';
export type { Presentation, TrainingSamples } from './samples/samples.js';
export { epochOrder } from './samples/shuffle.js';
export { smoothTargets } from './samples/targets.js';
export type { Evaluation, Measures } from './selection.js';
export { ShardComputer } from './shards/shard-computer.js';
export type { ShardBatch } from './shards/shard-computer.js';
export type { ShardExecutor, ShardJob, StepPosition } from './shards/shard-job.js';
export type {
  ParameterMisfit,
  SampleDemand,
  SiblingDefinition,
  SiblingRequest,
  SiblingTraits,
} from './sibling.js';
export { describeState } from './state.js';
export type { StepReport } from './state.js';
export { buildTrainingStep, trainableLoss } from './step-graph.js';
export type { TrainingStep, TrainingStepOptions } from './step-graph.js';
export { train } from './train.js';
export type {
  Checkpoints,
  FineTuneProgress,
  FineTuneSchedule,
  TrainingOptions,
  WeightConstraint,
} from './train.js';
export { Trajectory } from './trajectory.js';
