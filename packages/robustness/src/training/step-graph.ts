import type { Graph } from '@unpair/graph';
import {
  LABELS,
  LOSS,
  ModelError,
  bindDims,
  gradient,
  gradientName,
  toTrainingGraph,
  weightsToInputs,
  withLoss,
} from '@unpair/graph';
import type { TensorRange } from './parameters.js';
import { layOut, trainedWeights } from './parameters.js';

/** One training step of one shard as a graph, and where its parts are. */
export interface TrainingStep {
  /**
   * Takes images [S,C,H,W], label distributions [S,K] and every weight; gives logits [S,K], the loss of each sample
   * [S], the gradient of their sum with respect to every weight, and the batch's normalization statistics.
   */
  readonly graph: Graph;
  readonly images: string;
  readonly labels: string;
  readonly logits: string;
  readonly loss: string;
  /** The weights in their flat order; each is an input by its name. */
  readonly weights: readonly TensorRange[];
  /** Outputs with the gradients, in the order of `weights`. */
  readonly gradients: readonly string[];
  /** Running means and variances in their flat order; each is an initializer of the model. */
  readonly statistics: readonly TensorRange[];
  /** Outputs with the batch's own means and variances, in the order of `statistics`. */
  readonly batchStatistics: readonly string[];
}

/**
 * Turns a classifier into the graph of its training step with cross-entropy over `shard` images at a time.
 *
 * @throws {ModelError} when it is no classifier with one input, or cannot be differentiated.
 */
export function buildTrainingStep(model: Graph, shard: number): TrainingStep {
  const [images, another] = model.inputs;
  if (images === undefined || another !== undefined) {
    throw new ModelError(
      `model "${model.name}" has ${model.inputs.length} inputs; training needs exactly one`,
    );
  }
  const weights = layOut(model, trainedWeights(model));
  const batch = images.shape[0];
  // With every size known, a runtime plans its memory once.
  const sized = typeof batch === 'string' ? bindDims(model, { [batch]: shard }) : model;
  const { graph: lossGraph, logits } = withLoss(sized, 'cross-entropy');
  // With a momentum of 1 the next running statistic is the batch's own.
  const training = toTrainingGraph(lossGraph, { momentum: 1 });
  const names = weights.map(({ name }) => name);
  const graph = gradient(weightsToInputs(training.graph, names), { of: LOSS, wrt: names });
  return {
    graph,
    images: images.name,
    labels: LABELS,
    logits,
    loss: LOSS,
    weights,
    gradients: names.map((name) => gradientName(LOSS, name)),
    statistics: layOut(
      model,
      training.statistics.map(({ current }) => current),
    ),
    batchStatistics: training.statistics.map(({ next }) => next),
  };
}
