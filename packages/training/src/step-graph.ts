import type { Graph, StraightThrough, TermOptions, TrainingGraph } from '@unpair/graph';
import {
  DISTILLED_LOSS,
  LABELS,
  LOSS,
  ModelError,
  OBJECTIVE,
  bindDims,
  gradient,
  gradientName,
  isPenalty,
  penultimateValue,
  shareCommonNodes,
  straightThrough,
  toTrainingGraph,
  weightsToInputs,
  withDistillation,
  withLoss,
  withTerms,
} from '@unpair/graph';
import type { TensorRange } from './parameters.js';
import { layOut, trainedWeights } from './parameters.js';

/** What a training step minimizes, by default the cross-entropy, and how it normalizes. */
export interface TrainingStepOptions {
  /**
   * What batch normalization takes for mean and variance: those of the batch, as in training from scratch, or the
   * running ones, as at inference. With the latter, input gradients are those that an attacker of the finished model
   * sees. Default `batch`.
   */
  readonly normalization?: 'batch' | 'running';
  /** Mixes the cross-entropy with that to a teacher, whose logits are fed as `TEACHER_LOGITS` [S,K]. */
  readonly distillation?: { readonly temperature: number; readonly alpha: number };
  /** A sum of terms to minimize in place of either, each weighted by what is fed for it (see `withTerms`). */
  readonly objective?: Omit<TermOptions, 'values'>;
}

/** One training step of one shard as a graph, and where its parts are. */
export interface TrainingStep {
  /**
   * Takes images [S,C,H,W], label distributions [S,K], what else the options need, and every weight; gives logits
   * [S,K], the loss of each sample [S], its terms [S] where there is an objective, the gradient of what is minimized
   * with respect to every weight, and the batch's normalization statistics.
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
  /** Running means and variances in their flat order; each is an initializer of the model. Empty where they stay. */
  readonly statistics: readonly TensorRange[];
  /** Outputs with the batch's own means and variances, in the order of `statistics`. */
  readonly batchStatistics: readonly string[];
}

/**
 * Turns a classifier into the graph of its training step over `shard` images at a time. Everything is in one graph, so
 * that the loss, its input gradient where terms are penalties on it, and the weights' gradients share what they have in
 * common.
 *
 * @throws {ModelError} when it is no classifier with one input, cannot be differentiated, or lacks what a term needs
 * @throws {RangeError} for an objective or a distillation that is out of range
 */
export function buildTrainingStep(
  model: Graph,
  shard: number,
  { normalization = 'batch', ...minimized }: TrainingStepOptions = {},
): TrainingStep {
  const trainable = trainableLoss(model, shard, normalization);
  const { images, weights, through } = trainable;
  const names = weights.map(({ name }) => name);
  const { graph, loss, of } = minimizedLoss(trainable, minimized);
  return {
    graph: shareCommonNodes(gradient(graph, { of, wrt: names, through })),
    images,
    labels: LABELS,
    logits: trainable.logits,
    loss,
    weights,
    gradients: names.map((name) => gradientName(of, name)),
    statistics: layOut(
      model,
      trainable.statistics.map(({ current }) => current),
    ),
    batchStatistics: trainable.statistics.map(({ next }) => next),
  };
}

/** A classifier's loss as a function of images, labels and weights. */
export interface TrainableLoss extends TrainingGraph {
  /** Name of the input [S,C,H,W]. */
  readonly images: string;
  readonly logits: string;
  /** Penultimate features, where the model has a last linear layer. */
  readonly features: string | undefined;
  readonly weights: readonly TensorRange[];
  /** The model's own steps, such as rounding, which derivatives pass. */
  readonly through: StraightThrough;
}

/**
 * Adds the cross-entropy to a classifier, makes its weights inputs and its batch of a size, and has it normalize as
 * training wants it.
 * @throws {ModelError} when it is no classifier with one input
 */
export function trainableLoss(
  model: Graph,
  shard: number,
  normalization: 'batch' | 'running',
): TrainableLoss {
  const [images, another] = model.inputs;
  if (images === undefined || another !== undefined) {
    throw new ModelError(
      `model "${model.name}" has ${model.inputs.length} inputs; training needs exactly one`,
    );
  }
  const weights = layOut(model, trainedWeights(model));
  const names = weights.map(({ name }) => name);
  const batch = images.shape[0];
  // With every size known, a runtime plans its memory once.
  const sized = typeof batch === 'string' ? bindDims(model, { [batch]: shard }) : model;
  const { graph: lossGraph, logits } = withLoss(sized, 'cross-entropy');
  const features = penultimateValue(lossGraph, logits);
  const { graph, statistics } = normalized(lossGraph, normalization);
  return {
    graph: weightsToInputs(graph, names),
    images: images.name,
    ...{ logits, features, weights, statistics },
    through: straightThrough(model),
  };
}

/** A loss with what is asked for, the output that tells how training goes, and the one that is minimized. */
interface MinimizedLoss {
  readonly graph: Graph;
  readonly loss: string;
  readonly of: string;
}

function minimizedLoss(
  trainable: TrainableLoss,
  { distillation, objective }: Pick<TrainingStepOptions, 'distillation' | 'objective'>,
): MinimizedLoss {
  const { graph, logits } = trainable;
  if (objective !== undefined) return { graph: sumOfTerms(trainable, objective), loss: LOSS, of: OBJECTIVE };
  if (distillation === undefined) return { graph, loss: LOSS, of: LOSS };
  const mixed = withDistillation(graph, { logits, loss: LOSS, ...distillation });
  return { graph: mixed, loss: DISTILLED_LOSS, of: DISTILLED_LOSS };
}

function sumOfTerms(
  { graph, images, logits, features, through }: TrainableLoss,
  objective: Omit<TermOptions, 'values'>,
): Graph {
  const values = { logits, loss: LOSS, features };
  if (!objective.terms.some(isPenalty)) return withTerms(graph, { ...objective, values });
  const [differentiated, gradientOf] = withInputGradient(graph, images, through);
  return withTerms(differentiated, { ...objective, values: { ...values, gradient: gradientOf } });
}

function normalized(graph: Graph, normalization: 'batch' | 'running'): TrainingGraph {
  // With a momentum of 1 the next running statistic is the batch's own.
  return normalization === 'batch' ? toTrainingGraph(graph, { momentum: 1 }) : { graph, statistics: [] };
}

/** Computes the loss's input gradient, which is not given out; and its name. */
function withInputGradient(graph: Graph, images: string, through: StraightThrough): readonly [Graph, string] {
  const name = gradientName(LOSS, images);
  const differentiated = gradient(graph, { of: LOSS, wrt: [images], through });
  const outputs = differentiated.outputs.filter((output) => output.name !== name);
  return [{ ...differentiated, outputs }, name];
}
