import { Emitter } from '../autodiff/emitter.js';
import { gradient, gradientName } from '../autodiff/gradient.js';
import type { Backward } from '../autodiff/backward/backward.js';
import { ruleChanges } from '../autodiff/backward/backward.js';
import { straightThrough } from '../autodiff/straight-through.js';
import { GraphBuilder } from '../builder.js';
import type { Graph, ValueInfo } from '../graph.js';
import { ModelError } from '../graph.js';
import { toLogits } from '../transforms/adapt/adapt-output.js';
import { pruneDeadNodes } from '../transforms/prune-dead-nodes.js';
import type { LossName } from './catalogue.js';
import { lossWriters } from './catalogue.js';
import { withDecayedFeatures } from './decayed-features.js';
import { unsaturated } from './unsaturated.js';

/** Name of the input that holds the labels, one-hot float32 [N,K]. */
export const LABELS = 'labels';
/** Name of the output with the loss of each sample, float32 [N]. */
export const LOSS = 'loss';

/** A model with a loss, and where its parts are. */
export interface LossGraph {
  /** Takes the model's inputs and `labels`; gives its logits and `loss`. */
  readonly graph: Graph;
  /** The output [N,K] that the loss is computed from. */
  readonly logits: string;
}

/**
 * Adds a loss to a classifier: an input `labels` and an output `loss`. The logits are the model's only output, or
 * what goes into it where the model ends in a Softmax (whose probabilities would saturate).
 * All losses but a combination grow as a sample moves away from its label.
 *
 * @throws {ModelError} when the model has not exactly one output [N,K] of float32, or too few classes for the loss.
 */
export function withLoss(model: Graph, loss: LossName): LossGraph {
  const graph = toLogits(model);
  const logits = logitsInfo(graph);
  const [batch = 'N', classes] = logits.shape;
  const least = loss === 'dlr' ? 3 : 2;
  if (typeof classes !== 'number' || classes < least) {
    throw new ModelError(
      `loss "${loss}" needs a model with at least ${least} classes; "${graph.name}" has ${classes ?? 'none'}`,
    );
  }
  const builder = GraphBuilder.from(graph);
  const labels = builder.input(LABELS, 'float32', [batch, classes]);
  const emit = new Emitter(builder);
  const value = lossWriters[loss](emit, { logits: logits.name, labels });
  builder.output(builder.rename(value, LOSS), 'float32', [batch]);
  return { graph: builder.build(), logits: logits.name };
}

/** A classifier with the loss of each sample and its gradient. */
export interface LossGradientGraph {
  /** Takes the model's input and `labels`; its only outputs are the three below. */
  readonly graph: Graph;
  /** The model's input, [N,C,H,W]. */
  readonly input: string;
  /** Output [N,K]. */
  readonly logits: string;
  /** Output [N]. */
  readonly loss: string;
  /** Output of the input's shape: the gradient of every sample's own loss. */
  readonly gradient: string;
}

/** What is differentiated, and how, where that is not as it is. */
export interface GradientChoice {
  /** How the gradient is taken; absent for the derivative. */
  readonly backward?: Backward | undefined;
  /** Whether the features decay to those of another image: {@link withDecayedFeatures}. */
  readonly decays?: boolean;
}

/**
 * What a white-box attack evaluates: logits, loss and input gradient in one graph. The gradient passes the model's own
 * steps, such as rounding, straight through, and that of a cross-entropy which is flat since the logits are large is
 * taken at smaller ones: a gradient of zero would call a model safe that is not.
 * @throws {ModelError} as `withLoss`, `gradient` and `ruleChanges` do, and when the model has not exactly one input.
 */
export function lossAndInputGradient(
  graph: Graph,
  loss: LossName,
  { backward, decays = false }: GradientChoice = {},
): LossGradientGraph {
  const [input, another] = graph.inputs;
  if (input === undefined || another !== undefined) {
    throw new ModelError(
      `model "${graph.name}" has ${graph.inputs.length} inputs; an input gradient needs exactly one`,
    );
  }
  const { graph: withOutput, logits } = withLoss(decays ? withDecayedFeatures(graph) : graph, loss);
  const outputs = withOutput.outputs.filter(({ name }) => name === logits || name === LOSS);
  const [climbed, of] = withSlope({ ...withOutput, outputs }, loss, logits);
  const changes = backward && ruleChanges(graph, backward);
  const differentiated = gradient(climbed, {
    of,
    wrt: [input.name],
    through: straightThrough(graph),
    changes,
  });
  const wanted = [logits, LOSS, gradientName(of, input.name)];
  return {
    graph: pruneDeadNodes({
      ...differentiated,
      outputs: differentiated.outputs.filter(({ name }) => wanted.includes(name)),
    }),
    input: input.name,
    logits,
    loss: LOSS,
    gradient: gradientName(of, input.name),
  };
}

/** The graph with the output whose gradient is wanted: the loss itself, or a cross-entropy that does not saturate. */
function withSlope(graph: Graph, loss: LossName, logits: string): readonly [Graph, string] {
  if (loss !== 'cross-entropy') return [graph, LOSS];
  const builder = GraphBuilder.from(graph);
  const emit = new Emitter(builder);
  const inputs = { logits: unsaturated(emit, { logits, labels: LABELS }), labels: LABELS };
  const value = lossWriters[loss](emit, inputs);
  // Its shape is said, since that of what the logits come from need not be known.
  const [batch = 'N'] = graph.outputs.find(({ name }) => name === LOSS)?.shape ?? [];
  builder.output(value, 'float32', [batch]);
  return [builder.build(), value];
}

function logitsInfo(graph: Graph): ValueInfo {
  const [output, another] = graph.outputs;
  if (output?.shape.length !== 2 || output.dataType !== 'float32' || another !== undefined) {
    const shapes = graph.outputs.map(({ name, shape }) => `"${name}" [${shape.join(', ')}]`).join(', ');
    throw new ModelError(
      `a classifier has one float32 output [N, classes]; model "${graph.name}" has ${shapes || 'none'}`,
    );
  }
  return output;
}
