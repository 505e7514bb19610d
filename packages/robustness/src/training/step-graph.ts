import type { Graph, Penalty, TrainingGraph } from '@unpair/graph';
import {
  DISTILLED_LOSS,
  LABELS,
  LOSS,
  ModelError,
  OBJECTIVE,
  bindDims,
  gradient,
  gradientName,
  penaltyOutput,
  shareCommonNodes,
  toTrainingGraph,
  weightsToInputs,
  withDistillation,
  withLoss,
  withPenalties,
} from '@unpair/graph';
import type { TensorRange } from './parameters.js';
import { layOut, trainedWeights } from './parameters.js';

/** What a training step minimizes, and how it normalizes. */
export interface TrainingStepOptions {
  /**
   * Penalties on the model's input gradients, added to the cross-entropy. Cosines are to gradients that are fed as
   * `TARGET_GRADIENT` [S,C,H,W]. Default none.
   */
  readonly penalties?: readonly Penalty[];
  /**
   * What batch normalization takes for mean and variance: those of the batch, as in training from scratch, or the
   * running ones, as at inference. With the latter, input gradients are those that an attacker of the finished model
   * sees. Default `batch`.
   */
  readonly normalization?: 'batch' | 'running';
  /** Mixes the cross-entropy with that to a teacher, whose logits are fed as `TEACHER_LOGITS` [S,K]. */
  readonly distillation?: { readonly temperature: number; readonly alpha: number };
}

/** One training step of one shard as a graph, and where its parts are. */
export interface TrainingStep {
  /**
   * Takes images [S,C,H,W], label distributions [S,K] and every weight; gives logits [S,K], the loss of each sample
   * [S], its penalties [S], the gradient of the sum of both with respect to every weight, and the batch's
   * normalization statistics.
   */
  readonly graph: Graph;
  readonly images: string;
  readonly labels: string;
  readonly logits: string;
  readonly loss: string;
  /** Outputs with the penalties of each sample, not weighted, in the order in which they were asked for. */
  readonly penalties: readonly string[];
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
 * Turns a classifier into the graph of its training step with cross-entropy over `shard` images at a time, and
 * penalties on its input gradients where they are asked for. Everything is in one graph, so that the loss, its input
 * gradient and the weights' gradients share what they have in common.
 *
 * @throws {ModelError} when it is no classifier with one input, or cannot be differentiated.
 */
export function buildTrainingStep(
  model: Graph,
  shard: number,
  { penalties = [], normalization = 'batch', distillation }: TrainingStepOptions = {},
): TrainingStep {
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
  const training = normalized(lossGraph, normalization);
  const trainable = weightsToInputs(training.graph, names);
  const loss = distillation === undefined ? LOSS : DISTILLED_LOSS;
  const taught =
    distillation === undefined
      ? trainable
      : withDistillation(trainable, { logits, loss: LOSS, ...distillation });
  const [objective, of] =
    penalties.length === 0 ? [taught, loss] : [penalized(taught, images.name, loss, penalties), OBJECTIVE];
  return {
    graph: shareCommonNodes(gradient(objective, { of, wrt: names })),
    images: images.name,
    labels: LABELS,
    logits,
    loss,
    penalties: penalties.map(({ name }) => penaltyOutput(name)),
    weights,
    gradients: names.map((name) => gradientName(of, name)),
    statistics: layOut(
      model,
      training.statistics.map(({ current }) => current),
    ),
    batchStatistics: training.statistics.map(({ next }) => next),
  };
}

function normalized(graph: Graph, normalization: 'batch' | 'running'): TrainingGraph {
  // With a momentum of 1 the next running statistic is the batch's own.
  return normalization === 'batch' ? toTrainingGraph(graph, { momentum: 1 }) : { graph, statistics: [] };
}

/** Adds the penalties and the objective; the input gradient itself is not given out. */
function penalized(graph: Graph, images: string, loss: string, penalties: readonly Penalty[]): Graph {
  const name = gradientName(LOSS, images);
  const differentiated = gradient(graph, { of: LOSS, wrt: [images] });
  const outputs = differentiated.outputs.filter((output) => output.name !== name);
  return withPenalties({ ...differentiated, outputs }, { loss, gradient: name, penalties });
}
