import { floatAttribute, intAttribute } from '../attributes.js';
import type { Graph, Node } from '../graph.js';
import { float32 } from '../tensor.js';
import type { Tensor } from '../tensor.js';
import { consumersOf, outputNames, producersOf } from './consumers.js';
import { freshNames } from './fresh-names.js';
import { pruneDeadNodes } from './prune-dead-nodes.js';

/** y = x·scale + shift for each channel: what BatchNormalization is once its statistics are fixed. */
interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/**
 * Folds each BatchNormalization that directly follows a Conv or Gemm into its weights. Others stay: those after
 * something else, in training mode, or whose constants are fed at run time.
 */
export function foldBatchNormalization(graph: Graph): Graph {
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  const outputs = outputNames(graph);
  const fresh = freshNames(graph);
  const initializers = new Map(graph.initializers);
  const replaced = new Map<Node, Node | null>();
  const add = (hint: string, tensor: Tensor): string => {
    const name = fresh(hint);
    initializers.set(name, tensor);
    return name;
  };
  for (const norm of graph.nodes) {
    const producer = producers.get(norm.inputs[0] ?? '');
    const affine = affineOf(norm, graph);
    const [value] = producer?.outputs ?? [];
    if (producer === undefined || affine === undefined || value === undefined) continue;
    if (outputs.has(value) || consumers.get(value)?.length !== 1) continue;
    const folded = foldInto(producer, norm, affine, graph, add);
    if (folded === undefined) continue;
    replaced.set(producer, null);
    replaced.set(norm, folded);
  }
  const nodes = graph.nodes.flatMap((node) => {
    const replacement = replaced.get(node);
    return replacement === undefined ? node : (replacement ?? []);
  });
  return pruneDeadNodes({ ...graph, nodes, initializers });
}

function affineOf(norm: Node, graph: Graph): Affine | undefined {
  if (
    norm.op !== 'BatchNormalization' ||
    norm.domain !== '' ||
    intAttribute(norm, 'training_mode', 0) === 1
  ) {
    return undefined;
  }
  const [gamma, beta, mean, variance] = norm.inputs.slice(1).map((name) => graph.initializers.get(name));
  if (gamma?.dataType !== 'float32' || beta?.dataType !== 'float32') return undefined;
  if (mean?.dataType !== 'float32' || variance?.dataType !== 'float32') return undefined;
  const epsilon = floatAttribute(norm, 'epsilon', 1e-5);
  const scale = Float64Array.from(gamma.data, (g, c) => g / Math.sqrt((variance.data[c] ?? 0) + epsilon));
  const shift = Float64Array.from(beta.data, (b, c) => b - (mean.data[c] ?? 0) * (scale[c] ?? 0));
  return { scale, shift };
}

/** The producer with the normalization in its weights, under the normalization's output name. */
function foldInto(
  producer: Node,
  norm: Node,
  { scale, shift }: Affine,
  graph: Graph,
  add: (hint: string, tensor: Tensor) => string,
): Node | undefined {
  const [input = '', weightName = '', biasName = ''] = producer.inputs;
  const axis = channelAxis(producer);
  const weight = graph.initializers.get(weightName);
  const bias = biasName === '' ? undefined : graph.initializers.get(biasName);
  if (axis === undefined || weight?.dataType !== 'float32' || weight.shape[axis] !== scale.length)
    return undefined;
  if (biasName !== '' && (bias?.dataType !== 'float32' || bias.data.length !== scale.length))
    return undefined;
  const inner = weight.shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const scaled = weight.data.map((w, i) => w * (scale[Math.floor(i / inner) % scale.length] ?? 1));
  const shifted = Float32Array.from(shift, (s, c) => Number(bias?.data[c] ?? 0) * (scale[c] ?? 1) + s);
  return {
    ...producer,
    inputs: [
      input,
      add(`${weightName}_folded`, float32(weight.shape, scaled)),
      add(`${biasName || weightName}_shift`, float32([shift.length], shifted)),
    ],
    outputs: norm.outputs.slice(0, 1),
  };
}

/** The axis of the weights that runs over output channels, where folding is possible. */
function channelAxis(producer: Node): number | undefined {
  if (producer.domain !== '') return undefined;
  if (producer.op === 'Conv') return 0;
  const plain = floatAttribute(producer, 'alpha', 1) === 1 && floatAttribute(producer, 'beta', 1) === 1;
  if (producer.op !== 'Gemm' || !plain) return undefined;
  return intAttribute(producer, 'transB', 0) === 1 ? 0 : 1;
}
