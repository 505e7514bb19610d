import { floatAttribute, intAttribute } from '../attributes.js';
import type { Graph, Node } from '../graph.js';
import { ModelError } from '../graph.js';
import { inferShapes } from '../shapes/infer.js';
import type { Tensor } from '../tensor.js';
import { consumersOf, producersOf } from '../transforms/consumers.js';
import { dropIdentities } from '../transforms/drop-identities.js';
import { foldBatchNormalization } from '../transforms/fold-batch-normalization.js';
import { foldConstants } from '../transforms/fold-constants.js';
import { upgradeOpset } from '../transforms/upgrade-opset.js';

/** Operators with integer kernels that round their result to a range of its own. */
const COMPUTING: ReadonlySet<string> = new Set([
  ...['Conv', 'Gemm', 'MatMul', 'Add', 'Mul', 'AveragePool', 'GlobalAveragePool', 'Concat'],
]);

/** Operators that move 8-bit numbers without changing them: their result keeps its input's range. */
const MOVING: ReadonlySet<string> = new Set([
  ...['MaxPool', 'Flatten', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Slice', 'Identity', 'Pad'],
]);

/** Activations that an integer kernel applies for free, as the lower end of its result's range. */
const FUSED: ReadonlySet<string> = new Set(['Relu', 'Clip']);

/** Which values of a graph become 8-bit. */
export interface QuantizationPlan {
  /** The graph that is quantized: constants folded, normalization in the weights. */
  readonly graph: Graph;
  /** Values rounded to a range that calibration observes, in the order in which they are computed. */
  readonly observed: readonly string[];
  /** Values that keep the range of another: from the value to the observed one. */
  readonly inherited: ReadonlyMap<string, string>;
}

/**
 * Decides which values become 8-bit, a pure function of the graph: what integer operators read, and what they
 * compute unless a Relu or Clip follows alone, which then is what is rounded. What only the caller reads, the
 * logits, stays float.
 * @throws {ModelError} when no operator has weights to quantize
 */
export function planQuantization(original: Graph): QuantizationPlan {
  const graph = foldBatchNormalization(
    dropIdentities(foldConstants(upgradeOpset(original), { keepQuantized: true })),
  );
  const types = inferShapes(graph);
  const consumers = consumersOf(graph);
  const producers = producersOf(graph);
  const observed = new Set<string>();
  const inherited = new Map<string, string>();
  const isRounded = (name: string): boolean => observed.has(name) || inherited.has(name);

  const consider = (name: string): void => {
    const producer = producers.get(name);
    const readers = consumers.get(name) ?? [];
    const source = producer !== undefined && isMoving(producer) ? producer.inputs[0] : undefined;
    if (types.get(name)?.dataType !== 'float32' || readers.length === 0) return;
    if (source !== undefined && isRounded(source)) inherited.set(name, inherited.get(source) ?? source);
    else if (isWorthRounding(producer, readers)) observed.add(name);
  };
  for (const { name } of graph.inputs) consider(name);
  for (const node of graph.nodes) for (const name of node.outputs) consider(name);
  if (!graph.nodes.some((node) => isRounded(node.inputs[0] ?? '') && weightsOf(node, graph) !== undefined)) {
    throw nothingToQuantize(graph);
  }
  return { graph, observed: [...observed], inherited };
}

/** The axis of a node's weights that runs over output channels; `undefined` for nodes without integer weights. */
export function weightAxis(node: Node): number | undefined {
  if (node.domain !== '') return undefined;
  switch (node.op) {
    case 'Conv':
      return 0;
    case 'MatMul':
      return 1;
    case 'Gemm': {
      const plain = floatAttribute(node, 'alpha', 1) === 1 && floatAttribute(node, 'beta', 1) === 1;
      return plain ? (intAttribute(node, 'transB', 0) === 1 ? 0 : 1) : undefined;
    }
    default:
      return undefined;
  }
}

function isWorthRounding(producer: Node | undefined, readers: readonly Node[]): boolean {
  const [reader, ...others] = readers;
  const isComputed = producer !== undefined && isComputing(producer);
  const fuses = isComputed && others.length === 0 && reader !== undefined && FUSED.has(reader.op);
  return !fuses && (isComputed || readers.some(isComputing));
}

const isComputing = ({ op, domain }: Node): boolean => domain === '' && COMPUTING.has(op);

/** Padding with anything but zeros would need a range of its own. */
const isMoving = ({ op, domain, inputs }: Node): boolean =>
  domain === '' && MOVING.has(op) && !(op === 'Pad' && inputs[2] !== undefined && inputs[2] !== '');

/** The weights that a node could have as integers, and their axis over output channels. */
export function weightsOf(
  node: Node,
  { initializers }: Graph,
): { readonly weight: Tensor<'float32'>; readonly axis: number } | undefined {
  const axis = weightAxis(node);
  const weight = initializers.get(node.inputs[1] ?? '');
  if (axis === undefined || weight?.dataType !== 'float32' || weight.shape.length < 2) return undefined;
  return { weight, axis };
}

function nothingToQuantize(graph: Graph): ModelError {
  const operators = [...new Set(graph.nodes.map(({ op }) => op))].join(', ');
  const isQuantized = graph.nodes.some(({ op }) => op === 'DequantizeLinear');
  const way = isQuantized
    ? 'it is quantized already, so quantize the model that it was made of'
    : 'export it with its weights as constants';
  return new ModelError(
    `model "${graph.name}" has no Conv, Gemm or MatMul with float32 weights to quantize, only ${operators}; ${way}`,
  );
}
