import { intAttribute, intsAttribute } from './attributes.js';
import type { Node } from './graph.js';

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
 * Axes along which a node makes one number out of several, or each out of all; none for other nodes, and `undefined`
 * where they are computed and may be any.
 * @param rank of its first input
 * @param given what its second input holds, where that is known
 */
export function mixedAxes(
  node: Node,
  rank: number,
  given: readonly number[] | undefined,
): readonly number[] | undefined {
  const { op } = node;
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const along = ALONG_AXIS[op];
  if (along !== undefined) return [intAttribute(node, 'axis', along)];
  if (op === 'DynamicQuantizeLinear') return all;
  if (op === 'BatchNormalization') return intAttribute(node, 'training_mode', 0) === 1 ? [0] : [];
  if (op === 'MeanVarianceNormalization') return intsAttribute(node, 'axes') ?? [0, 2, 3];
  if (op !== 'CumSum' && !op.startsWith('Reduce')) return [];
  if ((node.inputs[1] ?? '') !== '' && given === undefined) return undefined;
  const axes = intsAttribute(node, 'axes') ?? given ?? [];
  if (axes.length > 0 || intAttribute(node, 'noop_with_empty_axes', 0) === 1) return axes;
  return all;
}
