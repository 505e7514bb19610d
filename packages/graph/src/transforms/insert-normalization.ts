import { Emitter } from '../autodiff/emitter.js';
import { GraphBuilder } from '../builder.js';
import type { Graph, Node } from '../graph.js';
import { inferShapes } from '../shapes/infer.js';
import type { Tensor } from '../tensor.js';
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
/** Norm of a filter of independent weights of variance 2 / fan-in (He et al. 2015, arXiv 1502.01852). */
const STARTING_NORM = Math.SQRT2;

/** Whether normalization can follow: a convolution with weights of its own. */
function isNormalizable({ op, domain, inputs }: Node, { initializers }: Graph): boolean {
  return op === 'Conv' && domain === '' && initializers.get(inputs[1] ?? '')?.dataType === 'float32';
}

/** Whether a model has convolutions, and normalization could follow each of them. */
export function canInsertNormalization(graph: Graph): boolean {
  const convolutions = graph.nodes.filter(({ op }) => op === 'Conv');
  return convolutions.length > 0 && convolutions.every((node) => isNormalizable(node, graph));
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
 * `foldBatchNormalization` makes it the plain model again. Filters get the norm that they would start from scratch with:
 * once normalized, their length says nothing but how far a step turns them, and folding left it at whatever it was.
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
    const { inputs, gains } = rescaled(node, graph, builder);
    const convolved = fresh(`${value}/convolved`);
    builder.append({ ...node, inputs, outputs: [convolved] });
    const constants = normalizing(known, gains).map((data) =>
      builder.initializer(`${value}/normalization`, float32([data.length], data)),
    );
    builder.append({
      ...{ op: 'BatchNormalization', domain: '', name: fresh(`${value}/normalized`) },
      ...{ inputs: [convolved, ...constants], outputs: [value], attributes: {} },
    });
  }
  return pruneDeadNodes(builder.build());
}

/** Scale, bias, mean and variance that give back what a convolution gave before its channels were multiplied by gains. */
function normalizing({ mean, variance }: Moments, gains: Float32Array): readonly Float32Array[] {
  const scaledMean = mean.map((value, channel) => value * (gains[channel] ?? 1));
  const scaledVariance = variance.map((value, channel) => value * (gains[channel] ?? 1) ** 2);
  const scale = scaledVariance.map((value, channel) => Math.sqrt(value + EPSILON) / (gains[channel] ?? 1));
  return [scale, mean.slice(), scaledMean, scaledVariance];
}

/** A convolution's inputs with every filter at its starting norm, and what each was multiplied by. */
function rescaled(
  { inputs: [input = '', weightName = '', biasName = ''] }: Node,
  { initializers }: Graph,
  builder: GraphBuilder,
): { readonly inputs: readonly string[]; readonly gains: Float32Array } {
  const weight = floats(initializers.get(weightName));
  const bias = initializers.has(biasName) ? floats(initializers.get(biasName)) : undefined;
  const [channels = 0] = weight.shape;
  const size = weight.data.length / channels;
  const gains = Float32Array.from({ length: channels }, (_, channel) => {
    const norm = Math.hypot(...weight.data.subarray(channel * size, (channel + 1) * size));
    return norm > 0 ? STARTING_NORM / norm : 1;
  });
  const scale = (tensor: Tensor<'float32'>, each: number): Tensor<'float32'> =>
    float32(
      tensor.shape,
      tensor.data.map((value, index) => value * (gains[Math.floor(index / each)] ?? 1)),
    );
  const inputs = [input, builder.initializer(`${weightName}/filters`, scale(weight, size))];
  if (bias !== undefined) inputs.push(builder.initializer(`${biasName}/bias`, scale(bias, 1)));
  return { inputs, gains };
}

function floats(tensor: Tensor | undefined): Tensor<'float32'> {
  if (tensor?.dataType !== 'float32') throw new TypeError('filters and their biases must be float32');
  return tensor;
}
