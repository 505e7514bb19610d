import type { Dim, Graph, Node } from '../graph.js';
import type { InferredValues } from '../shapes/infer.js';
import { isExact } from '../shapes/contents.js';
import { inferValues } from '../shapes/infer.js';
import type { Tensor } from '../tensor.js';
import { sizeOf } from '../tensor.js';
import { evaluateNode, tensorOf } from './evaluate.js';
import { pruneDeadNodes } from './prune-dead-nodes.js';

export interface FoldOptions {
  /** Leaves the DequantizeLinear of constants in place, as integer kernels want it. Default false. */
  readonly keepQuantized?: boolean;
}

/** Elements that all results together may have beyond the model's own: repeating a number must not bloat it. */
const LARGEST = 2 ** 24;
/** How many times a model's own constants may come again as results: dequantized, transposed, reshaped. */
const TIMES = 4;

/**
 * Replaces what does not depend on the inputs by its value: chains on shapes, arithmetic on weights, quantized
 * weights. Nodes that cannot be computed here stay.
 */
export function foldConstants(graph: Graph, { keepQuantized = false }: FoldOptions = {}): Graph {
  const inferred = inferValues(graph);
  const constants = new Map(graph.initializers);
  const kept: Node[] = [];
  let left = LARGEST + TIMES * totalElements(graph.initializers);
  for (const node of graph.nodes) {
    const isKept = keepQuantized && node.op === 'DequantizeLinear';
    const result = isKept ? undefined : valueOf(node, inferred, constants, left);
    const [output = ''] = node.outputs;
    if (result === undefined) kept.push(node);
    else {
      constants.set(output, result);
      left -= result.data.length;
    }
  }
  return pruneDeadNodes({ ...graph, nodes: kept, initializers: constants });
}

function valueOf(
  node: Node,
  { types, contents }: InferredValues,
  constants: ReadonlyMap<string, Tensor>,
  most: number,
): Tensor | undefined {
  const [output = '', ...others] = node.outputs;
  const type = types.get(output);
  if (type === undefined || others.length > 0 || !isFixed(type.shape) || sizeOf(type.shape) > most)
    return undefined;
  const known = contents.get(output);
  if (known !== undefined && isFixed(known) && known.every(isExact)) {
    return tensorOf(type.dataType, type.shape, known);
  }
  const inputs = node.inputs.map((name) => constants.get(name));
  if (!inputs.every((tensor) => tensor !== undefined)) return undefined;
  return evaluateNode({ node, inputs, dataType: type.dataType, shape: type.shape });
}

function totalElements(tensors: ReadonlyMap<string, Tensor>): number {
  return [...tensors.values()].reduce((total, { data }) => total + data.length, 0);
}

function isFixed(shape: readonly Dim[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}
