import { intAttribute, intsAttribute } from '../attributes.js';
import type { Dim } from '../graph.js';
import type { NodeContext, ShapeRule, ShapeRules } from './rule.js';
import { dimAt, requireInput, requireNumbers, resolveAxis } from './rule.js';

/** Axes from the attribute (older opsets) or the second input (newer ones); `undefined` means all. */
export function axesOf(context: NodeContext, inputIndex = 1): readonly number[] | undefined {
  const attribute = intsAttribute(context.node, 'axes');
  if (attribute !== undefined) return attribute;
  if (context.inputs[inputIndex] === undefined) return undefined;
  return requireNumbers(context, inputIndex, 'axes');
}

const reduction: ShapeRule = (context) => {
  const { node } = context;
  const { dataType, shape } = requireInput(context, 0);
  const axes = axesOf(context) ?? [];
  if (axes.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) === 1) return [{ dataType, shape }];
  const reduced = new Set(
    axes.length === 0 ? shape.keys() : axes.map((axis) => resolveAxis(node, axis, shape.length)),
  );
  return [{ dataType, shape: reduceAlong(shape, reduced, intAttribute(node, 'keepdims', 1) === 1) }];
};

const argument: ShapeRule = (context) => {
  const { node } = context;
  const { shape } = requireInput(context, 0);
  const axis = resolveAxis(node, intAttribute(node, 'axis', 0), shape.length);
  const keep = intAttribute(node, 'keepdims', 1) === 1;
  return [{ dataType: 'int64', shape: reduceAlong(shape, new Set([axis]), keep) }];
};

function reduceAlong(shape: readonly Dim[], axes: ReadonlySet<number>, keep: boolean): readonly Dim[] {
  return keep
    ? shape.map((dim, axis) => (axes.has(axis) ? 1 : dim))
    : shape.filter((_, axis) => !axes.has(axis));
}

const topK: ShapeRule = (context) => {
  const { node, contents } = context;
  const { dataType, shape } = requireInput(context, 0);
  const axis = resolveAxis(node, intAttribute(node, 'axis', -1), shape.length);
  const count = contents[1]?.[0] ?? intAttribute(node, 'k', 0);
  const result = shape.map((dim, i) => (i === axis ? count : dim));
  return [
    { dataType, shape: result },
    { dataType: 'int64', shape: result },
  ];
};

/** [..] of class numbers → the same with a new dimension of `depth`. */
const oneHot: ShapeRule = (context) => {
  const { node, contents } = context;
  const { shape } = requireInput(context, 0);
  const axis = resolveAxis(node, intAttribute(node, 'axis', -1), shape.length + 1);
  const depth = contents[1] === undefined ? `${node.name}_depth` : dimAt(contents[1], 0);
  return [{ dataType: requireInput(context, 2).dataType, shape: shape.toSpliced(axis, 0, depth) }];
};

/** Operators that gather many elements into one. */
export const reductionRules: ShapeRules = {
  ...Object.fromEntries(
    ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSum', 'LogSumExp'].map((kind) => [
      `Reduce${kind}`,
      reduction,
    ]),
  ),
  ArgMax: argument,
  ArgMin: argument,
  TopK: topK,
  OneHot: oneHot,
};
