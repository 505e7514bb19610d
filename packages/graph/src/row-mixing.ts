import { describeNode, intAttribute, intsAttribute } from './attributes.js';
import type { Graph, Node } from './graph.js';
import { lazyTypes } from './shapes/infer.js';
import { constantsOf } from './transforms/consumers.js';

/** Stands for the size of the batch; no file calls a dimension that. */
const BATCH = '\u0000batch';

/** Operators over one axis, with the axis where none is given. */
const ALONG_AXIS: Readonly<Record<string, number>> = {
  ArgMax: 0,
  ArgMin: 0,
  Hardmax: -1,
  LogSoftmax: -1,
  LpNormalization: -1,
  Softmax: -1,
  TopK: -1,
};

/**
 * The first operator that computes over the rows of a batch together, so that what a model says of one depends on the
 * others: the range of DynamicQuantizeLinear, statistics of the batch, a reduction, Softmax or sum along its dimension.
 * Undefined where nothing shows that; a product with the batch, for instance, does not.
 */
export function rowMixing(graph: Graph): string | undefined {
  const [input, ...others] = graph.inputs;
  const [batch, ...sizes] = input?.shape ?? [];
  if (input === undefined || typeof batch !== 'string') return undefined;
  const typeOf = lazyTypes({ ...graph, inputs: [{ ...input, shape: [BATCH, ...sizes] }, ...others] });
  const mixer = graph.nodes.find((node) => {
    const shape = typeOf(node.inputs[0] ?? '')?.shape ?? [];
    return axesOf(node, shape.length, graph).some((axis) => String(shape.at(axis)).includes(BATCH));
  });
  return mixer && `${describeNode(mixer)} computes over the images of a batch together`;
}

/** Axes along which a node makes one number out of several, or each out of all. */
function axesOf(node: Node, rank: number, graph: Graph): readonly number[] {
  const { op } = node;
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const along = ALONG_AXIS[op];
  if (along !== undefined) return [intAttribute(node, 'axis', along)];
  if (op === 'DynamicQuantizeLinear') return all;
  if (op === 'BatchNormalization') return intAttribute(node, 'training_mode', 0) === 1 ? [0] : [];
  if (op === 'MeanVarianceNormalization') return intsAttribute(node, 'axes') ?? [0, 2, 3];
  if (op !== 'CumSum' && !op.startsWith('Reduce')) return [];
  const [, name = ''] = node.inputs;
  const given = constantsOf(graph).get(name);
  // Axes that are computed may be any.
  if (name !== '' && given === undefined) return [];
  const axes = intsAttribute(node, 'axes') ?? Array.from(given?.data ?? [], Number);
  if (axes.length > 0 || intAttribute(node, 'noop_with_empty_axes', 0) === 1) return axes;
  return all;
}
