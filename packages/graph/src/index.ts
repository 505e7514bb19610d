export { describeNode, floatAttribute, intAttribute, intsAttribute, stringAttribute } from './attributes.js';
export { DerivativeError } from './autodiff/derivative-error.js';
export { ruleChanges } from './autodiff/backward/backward.js';
export type { Backward, RuleChanges } from './autodiff/backward/backward.js';
export { isDifferentiable } from './autodiff/differentiable.js';
export type { Differentiability } from './autodiff/differentiable.js';
export { gradient, gradientName } from './autodiff/gradient.js';
export type { GradientOptions } from './autodiff/gradient.js';
export { straightThrough } from './autodiff/straight-through.js';
export type { StraightThrough } from './autodiff/straight-through.js';
export { differentiableOperators } from './autodiff/registry.js';
export { toTrainingGraph } from './autodiff/training-graph.js';
export type { RunningStatistic, TrainingGraph, TrainingGraphOptions } from './autodiff/training-graph.js';
export { BUILD_OPSET, GraphBuilder } from './builder.js';
export { compositeOperators, decompose } from './composites/decompose.js';
export { decodeModel, decodeOnnxFile } from './codec/decode.js';
export type { DecodeOptions, OnnxFile } from './codec/decode.js';
export type { ExternalData, ReadExternal } from './codec/tensor.js';
export { encodeModel } from './codec/encode.js';
export {
  arrayOver,
  BYTES_PER_ELEMENT,
  codeOfDataType,
  dataTypeOfCode,
  ELEMENT_ARRAYS,
} from './data-types.js';
export { float16Value } from './float16.js';
export type { Executable, LoadOptions, Runtime, Tensors } from './executable.js';
export { ModelError, float, floats, int, ints, string } from './graph.js';
export type { Attribute, Attributes, Dim, Graph, Node, ValueInfo, ValueType } from './graph.js';
export { probeRows } from './probe.js';
export { channelGroups } from './pruning/channel-groups.js';
export type { ChannelGroup, ChannelMember } from './pruning/channel-groups.js';
export { removeChannels } from './pruning/remove-channels.js';
export type { KeptChannels } from './pruning/remove-channels.js';
export { roundToEven } from './quantization/affine.js';
export type { QuantizationScheme, ValueRange } from './quantization/affine.js';
export { countValues, emptyHistogram, leastErrorRange, percentileRange } from './quantization/histogram.js';
export type { Histogram } from './quantization/histogram.js';
export { observeRanges, observeValues } from './quantization/observe.js';
export type { ObservedGraph, ObservedRange } from './quantization/observe.js';
export { applyQuantization, calibrationValues, chooseScales, quantize } from './quantization/quantize.js';
export type { Quantization } from './quantization/quantization.js';
export type { QuantizeOptions } from './quantization/quantize.js';
export { roundAtRandom } from './quantization/round-at-random.js';
export { isQuantized, recoverQuantization, withFloatWeights } from './quantization/recover.js';
export { clampWeights, fakeQuantize } from './quantization/weights.js';
export type { WeightScale } from './quantization/weights.js';
export { constantTensor } from './shapes/constant.js';
export { KNOWN_OPERATORS, inferNode, inferShapes } from './shapes/infer.js';
export type { Contents, NodeContext } from './shapes/rule.js';
export { addDims, ceilDivide, floorDivide, multiplyDims } from './shapes/dim.js';
export { LOSS_NAMES } from './losses/catalogue.js';
export type { LossName } from './losses/catalogue.js';
export { REFERENCE, SHARE, middleValue, withDecayedFeatures } from './losses/decayed-features.js';
export { DISTILLED_LOSS, TEACHER_LOGITS, withDistillation } from './losses/distillation.js';
export type { DistillationOptions } from './losses/distillation.js';
export { LABELS, LOSS, lossAndInputGradient, withLoss } from './losses/loss.js';
export type { GradientChoice, LossGradientGraph, LossGraph } from './losses/loss.js';
export { PENALTY_NAMES } from './losses/penalties.js';
export type { PenaltyName } from './losses/penalties.js';
export {
  OBJECTIVE,
  TARGET_GRADIENT,
  TARGET_GRAM,
  TERM_NAMES,
  isCosine,
  isPenalty,
  termOutput,
  termWeights,
  withTerms,
} from './losses/terms.js';
export type { TermName, TermOptions, TermValues } from './losses/terms.js';
export { rowMixing } from './row-mixing.js';
export { float32, int64, sizeOf } from './tensor.js';
export type { ArrayOf, DataType, Tensor } from './tensor.js';
export { activationBytes, summarizeModel } from './summary.js';
export type { ModelSummary } from './summary.js';
export { adaptModel } from './transforms/adapt/adapt-model.js';
export { selectClasses, toLogits } from './transforms/adapt/adapt-output.js';
export type { ClassRange, Layout, ModelOptions, Preprocessing } from './transforms/adapt/model-options.js';
export { bindDims, weightsToInputs } from './transforms/bind.js';
export { cancelTransposes } from './transforms/cancel-transposes.js';
export { dropIdentities } from './transforms/drop-identities.js';
export { foldBatchNormalization } from './transforms/fold-batch-normalization.js';
export {
  canInsertNormalization,
  insertNormalization,
  observeMoments,
} from './transforms/insert-normalization.js';
export type { Moments, ObservedMoments } from './transforms/insert-normalization.js';
export { foldConstants } from './transforms/fold-constants.js';
export type { FoldOptions } from './transforms/fold-constants.js';
export { interpolateWeights } from './transforms/interpolate-weights.js';
export { joinMembers, membersOf } from './transforms/members.js';
export { penultimateValue } from './transforms/penultimate.js';
export { pruneDeadNodes } from './transforms/prune-dead-nodes.js';
export { shareCommonNodes } from './transforms/share-common-nodes.js';
export { upgradeOpset } from './transforms/upgrade-opset.js';
