import { intAttribute, intsAttribute } from '../attributes.js';
import type { Attributes } from '../graph.js';
import { int, ints } from '../graph.js';
import { productOf } from '../shapes/dim.js';
import type { Permutation, Pushed, Pushing, PushRule } from './transposed-operands.js';
import { alignedOperands, constantNumbers, resolved } from './transposed-operands.js';

/** Operators that act on each element of their first input alone. */
const ELEMENTWISE: readonly string[] = [
  ...['Abs', 'Cast', 'Ceil', 'Clip', 'Cos', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish'],
  ...[
    'Identity',
    'LeakyRelu',
    'Log',
    'Mish',
    'Neg',
    'Not',
    'Reciprocal',
    'Relu',
    'Round',
    'Selu',
    'Sigmoid',
    'Sign',
  ],
  ...['Sin', 'Softplus', 'Softsign', 'Sqrt', 'Tanh', 'ThresholdedRelu'],
];

/** Operators of several values that broadcast against each other. */
const BROADCASTING: readonly string[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum', 'Mean', 'Pow', 'PRelu', 'Where', 'And', 'Or', 'Xor'],
  ...['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'],
];

const elementwise: PushRule = ({ node, bases, permutation }) => ({
  node: { ...node, inputs: [bases[0] ?? '', ...node.inputs.slice(1)] },
  permutation,
});

const broadcasting: PushRule = (pushing) => {
  const inputs = alignedOperands(pushing);
  return inputs === undefined
    ? undefined
    : { node: { ...pushing.node, inputs }, permutation: pushing.permutation };
};

/** An operator along one axis, which its attribute `axis` names. */
function along(fallback: number, isJoining = false): PushRule {
  return (pushing) => {
    const { node, permutation } = pushing;
    const axis = permutation[resolved(intAttribute(node, 'axis', fallback), permutation.length)];
    const pushed = (isJoining ? broadcasting : elementwise)(pushing);
    if (axis === undefined || pushed === undefined) return undefined;
    return { ...pushed, node: { ...pushed.node, attributes: { ...node.attributes, axis: int(axis) } } };
  };
}

/** An axis matters where there is a scale for each of its indices. */
const quantization: PushRule = (pushing) => {
  const scale = pushing.types.get(pushing.node.inputs[1] ?? '');
  return (scale?.shape.length === 0 ? elementwise : along(1))(pushing);
};

/** The numbers of `list`, one for each axis of the value, for the axes of what is held. */
function reorder(list: readonly number[], permutation: Permutation): readonly number[] {
  const reordered = [...list];
  permutation.forEach((axis, i) => (reordered[axis] = list[i] ?? 0));
  return reordered;
}

const pad: PushRule = (pushing) => {
  const { node, bases, permutation, constant } = pushing;
  const pads = constantNumbers(pushing, 1);
  const rank = permutation.length;
  if (pads?.length !== 2 * rank || (node.inputs[3] ?? '') !== '') return undefined;
  const moved = [...reorder(pads.slice(0, rank), permutation), ...reorder(pads.slice(rank), permutation)];
  return {
    node: { ...node, inputs: [bases[0] ?? '', constant(moved), ...node.inputs.slice(2)] },
    permutation,
  };
};

const slice: PushRule = (pushing) => {
  const { node, bases, permutation, constant } = pushing;
  const count = constantNumbers(pushing, 1)?.length;
  const given = (node.inputs[3] ?? '') === '' ? undefined : constantNumbers(pushing, 3);
  if (count === undefined || (given === undefined && (node.inputs[3] ?? '') !== '')) return undefined;
  const axes = (given ?? Array.from({ length: count }, (_, i) => i)).map(
    (axis) => permutation[resolved(axis, permutation.length)] ?? 0,
  );
  const [, starts = '', ends = '', , ...steps] = node.inputs;
  return { node: { ...node, inputs: [bases[0] ?? '', starts, ends, constant(axes), ...steps] }, permutation };
};

/** Axes that a reduction or Squeeze names, by attribute or input, as axes of what is held. */
function removedAxes(
  pushing: Pushing,
):
  | { readonly axes: readonly number[]; readonly inputs: readonly string[]; readonly attributes: Attributes }
  | undefined {
  const { node, bases, permutation, constant } = pushing;
  const attribute = intsAttribute(node, 'axes');
  const axes = (attribute ?? constantNumbers(pushing, 1))?.map(
    (axis) => permutation[resolved(axis, permutation.length)] ?? 0,
  );
  // No axes at all mean every axis.
  if (axes === undefined || axes.length === 0) return undefined;
  const [base = ''] = bases;
  if (attribute === undefined) return { axes, inputs: [base, constant(axes)], attributes: node.attributes };
  return { axes, inputs: [base], attributes: { ...node.attributes, axes: ints(axes) } };
}

/** What is left of a permutation when axes of what is held are removed. */
function without(permutation: Permutation, removed: readonly number[]): Permutation {
  const left = permutation.filter((axis) => !removed.includes(axis));
  const order = left.toSorted((a, b) => a - b);
  return left.map((axis) => order.indexOf(axis));
}

const reduction: PushRule = (pushing) => {
  const { node, permutation } = pushing;
  const removed = removedAxes(pushing);
  if (removed === undefined) return undefined;
  const { axes, ...rest } = removed;
  const keeps = intAttribute(node, 'keepdims', 1) === 1;
  return { node: { ...node, ...rest }, permutation: keeps ? permutation : without(permutation, axes) };
};

const squeeze: PushRule = (pushing) => {
  const removed = removedAxes(pushing);
  if (removed === undefined) return undefined;
  const { axes, ...rest } = removed;
  return { node: { ...pushing.node, ...rest }, permutation: without(pushing.permutation, axes) };
};

/** Where only axes of size 1 have moved, the elements are in the same order either way: [N,C,1,1] and [N,1,1,C]. */
const reshape: PushRule = (pushing) => {
  const { node, bases, permutation, types, constant } = pushing;
  const shape = types.get(node.inputs[0] ?? '')?.shape ?? [];
  const moved = permutation.filter((_, i) => shape[i] !== 1);
  if (moved.some((axis, i) => i > 0 && axis < (moved[i - 1] ?? 0))) return undefined;
  const [base = ''] = bases;
  const held = permutation.map((_, axis) => shape[permutation.indexOf(axis)] ?? 1);
  if (node.op === 'Flatten') {
    const axis = resolved(intAttribute(node, 'axis', 1), shape.length);
    if (productOf(held.slice(0, axis)) !== productOf(shape.slice(0, axis))) return undefined;
    return { node: { ...node, inputs: [base] }, permutation: undefined };
  }
  const target = constantNumbers(pushing, 1);
  if (target === undefined || intAttribute(node, 'allowzero', 0) === 1) return undefined;
  // A zero copies the size at its place, which may now be another.
  const sizes = target.map((size, i) => (size !== 0 || held[i] === shape[i] ? size : shape[i]));
  if (!sizes.every((size) => typeof size === 'number')) return undefined;
  return { node: { ...node, inputs: [base, constant(sizes)] }, permutation: undefined };
};

const REDUCTIONS = ['Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare', 'L1', 'L2'].map(
  (kind) => `Reduce${kind}`,
);

/** Operators any input of which may be transposed; all others transform their first. */
const MULTIPLE: ReadonlySet<string> = new Set([...BROADCASTING, 'Concat']);

const RULES: ReadonlyMap<string, PushRule> = new Map<string, PushRule>([
  ...ELEMENTWISE.map((op) => [op, elementwise] as const),
  ...BROADCASTING.map((op) => [op, broadcasting] as const),
  ...REDUCTIONS.map((op) => [op, reduction] as const),
  ['QuantizeLinear', quantization],
  ['DequantizeLinear', quantization],
  ['Softmax', along(-1)],
  ['LogSoftmax', along(-1)],
  ['Split', along(0)],
  ['Concat', along(0, true)],
  ['Pad', pad],
  ['Slice', slice],
  ['Squeeze', squeeze],
  ['Reshape', reshape],
  ['Flatten', reshape],
]);

/**
 * A node on values before their transposition, where its operator allows that.
 * @returns `undefined` where the transposition has to be carried out first.
 */
export function pushThrough(pushing: Pushing): Pushed | undefined {
  const { node, bases } = pushing;
  const isOperand = bases[0] !== undefined || MULTIPLE.has(node.op);
  return node.domain === '' && isOperand ? RULES.get(node.op)?.(pushing) : undefined;
}
