import { Emitter } from '../autodiff/emitter.js';
import { GraphBuilder } from '../builder.js';
import type { Graph, Node } from '../graph.js';
import { inferShapes } from '../shapes/infer.js';
import { float32 } from '../tensor.js';
import { freshNames } from './fresh-names.js';
import { pruneDeadNodes } from './prune-dead-nodes.js';

/** What a convolution gives out, channel by channel, over some samples. */
export interface Moments {
  /** [C]. */
  readonly mean: Float32Array;
  /** Mean squared distance from the mean, [C]. */
  readonly variance: Float32Array;
}

/** Outputs with the mean and the variance of a value's channels over one batch, each [C]. */
export interface ObservedMoments {
  readonly value: string;
  readonly mean: string;
  readonly variance: string;
}

/** What BatchNormalization adds to a variance where the node says nothing. */
const EPSILON = 1e-5;

/** Whether normalization can follow: a convolution with weights of its own. */
function isNormalizable({ op, domain, inputs }: Node, { initializers }: Graph): boolean {
  return op === 'Conv' && domain === '' && initializers.get(inputs[1] ?? '')?.dataType === 'float32';
}

/** Gives out, in place of a model's own outputs, the moments of each of its convolutions over a batch. */
export function observeMoments(graph: Graph): {
  readonly graph: Graph;
  readonly moments: readonly ObservedMoments[];
} {
  const shapes = inferShapes(graph);
  const builder = GraphBuilder.from(graph);
  const emit = new Emitter(builder);
  builder.clearOutputs();
  const moments = graph.nodes
    .filter((node) => isNormalizable(node, graph))
    .map(({ outputs: [value = ''] }) => {
      const [, channels = 'C', ...space] = shapes.get(value)?.shape ?? [];
      const axes = [0, ...space.map((_, axis) => axis + 2)];
      const gap = emit.sub(value, emit.reduceMean(value, axes, true));
      const mean = emit.reduceMean(value, axes, false);
      const variance = emit.reduceMean(emit.mul(gap, gap), axes, false);
      for (const output of [mean, variance]) builder.output(output, 'float32', [channels]);
      return { value, mean, variance };
    });
  return { graph: pruneDeadNodes(builder.build()), moments };
}

/**
 * Undoes what exporters do to normalization: puts a BatchNormalization after each convolution whose moments are given,
 * with weights that change nothing at inference. Training can then normalize, as it did before the model was exported;
 * `foldBatchNormalization` makes it the plain model again.
 */
export function insertNormalization(graph: Graph, moments: ReadonlyMap<string, Moments>): Graph {
  const builder = GraphBuilder.rewriting(graph);
  const fresh = freshNames(graph);
  for (const node of graph.nodes) {
    const [value = ''] = node.outputs;
    const known = isNormalizable(node, graph) ? moments.get(value) : undefined;
    if (known === undefined) {
      builder.append(node);
      continue;
    }
    const convolved = fresh(`${value}/convolved`);
    const constants = [
      known.variance.map((variance) => Math.sqrt(variance + EPSILON)),
      known.mean,
      known.mean,
      known.variance,
    ].map((data) => builder.initializer(`${value}/normalization`, float32([data.length], data.slice())));
    builder.append({ ...node, outputs: [convolved] });
    const inputs = [convolved, ...constants];
    builder.append({
      ...{ op: 'BatchNormalization', domain: '', name: fresh(`${value}/normalized`) },
      ...{ inputs, outputs: [value], attributes: {} },
    });
  }
  return builder.build();
}
