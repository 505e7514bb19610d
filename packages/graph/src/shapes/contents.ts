import { intAttribute, intsAttribute } from '../attributes.js';
import type { Dim, ValueType } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { constantTensor, shapeRange } from './constant.js';
import { addDims, divideExactly, multiplyDims, productOf } from './dim.js';
import type { Contents, NodeContext } from './rule.js';
import { rangesOf, sliceIndices } from './selection.js';

/** Longest tensor whose contents are followed: shapes, axes and indices are short, weights are not. */
const LONGEST = 256;

/**
 * What a node's first output holds, when it is a short integer tensor that follows from shapes: exporters compute
 * the targets of Reshape and Expand by chains of Shape, Gather, Concat and arithmetic.
 */
type ContentsRule = (context: NodeContext, output: ValueType) => Contents | undefined;

/**
 * Elements of a short tensor of integers, or of floats that are read as parameters; `undefined` for any other. Integers
 * beyond ±2^53, such as bounds that mean "to the end", become the nearest number: enough to clamp, not to compute with.
 */
export function contentsOfTensor(tensor: Tensor): Contents | undefined {
  if (tensor.data.length > LONGEST || !isShort(tensor.shape)) return undefined;
  switch (tensor.dataType) {
    case 'int64':
      return Array.from(tensor.data, Number);
    case 'int32':
    case 'bool':
    case 'float32':
      return [...tensor.data];
    default:
      return undefined;
  }
}

/** What `node` computes, where that is known; `undefined` otherwise. */
export function contentsOfNode(context: NodeContext, output: ValueType): Contents | undefined {
  const rule = Object.hasOwn(RULES, context.node.op) ? RULES[context.node.op] : undefined;
  if (rule === undefined || !['int64', 'int32', 'bool'].includes(output.dataType)) return undefined;
  const length = productOf(output.shape);
  if (typeof length !== 'number' || length > LONGEST || !isShort(output.shape)) return undefined;
  const contents = rule(context, output);
  return contents?.length === length ? contents : undefined;
}

/** An empty tensor may have large sizes besides its 0. */
function isShort(shape: readonly Dim[]): boolean {
  return shape.every((dim) => typeof dim === 'string' || dim <= LONGEST);
}

const unchanged: ContentsRule = ({ contents }) => contents[0];

/** Integers that fit into what they become. */
const cast: ContentsRule = ({ inputs, contents: [data] }, { dataType }) => {
  if (data === undefined || inputs[0]?.dataType === 'float32') return undefined;
  const limit = { int64: Infinity, int32: 2 ** 31 - 1 }[dataType as string] ?? 1;
  const isInside = (element: Dim): boolean =>
    typeof element === 'string' ? limit > 1 : element <= limit && element >= (limit > 1 ? -limit - 1 : 0);
  return data.every(isInside) ? data : undefined;
};

const shape: ContentsRule = ({ node, inputs }) => {
  const dims = inputs[0]?.shape ?? [];
  return dims.slice(...shapeRange(node, dims.length));
};

const gather: ContentsRule = ({ inputs, contents: [data, indices] }) => {
  if (data === undefined || indices === undefined || inputs[0]?.shape.length !== 1) return undefined;
  const taken = indices.map((at) => (typeof at === 'number' ? data.at(at) : undefined));
  return taken.every((dim) => dim !== undefined) ? taken : undefined;
};

const concat: ContentsRule = ({ inputs, contents }) => {
  if (inputs.some((input) => input?.shape.length !== 1)) return undefined;
  return contents.every((part) => part !== undefined) ? contents.flat() : undefined;
};

/** A tensor of known contents as indices into it: the flat positions at `indices` along each axis. */
function positionsAt(shape: readonly number[], indices: readonly (readonly number[])[]): readonly number[] {
  return indices.reduce<readonly number[]>(
    (positions, along, axis) =>
      positions.flatMap((position) => along.map((index) => position * (shape[axis] ?? 1) + index)),
    [0],
  );
}

function fixedShape(type: ValueType | undefined): readonly number[] | undefined {
  return type?.shape.every((dim) => typeof dim === 'number') === true ? type.shape : undefined;
}

const slice: ContentsRule = (context) => {
  const [data, shape] = [context.contents[0], fixedShape(context.inputs[0])];
  if (data === undefined || shape === undefined) return undefined;
  const ranges = new Map(rangesOf(context, shape.length).map((range) => [range.axis, range]));
  const whole = { start: 0, end: Infinity, step: 1 };
  const indices = shape.map((size, axis) => sliceIndices(size, ranges.get(axis) ?? whole));
  return positionsAt(shape, indices).flatMap((position) => data[position] ?? []);
};

const transpose: ContentsRule = ({ node, inputs, contents: [data] }) => {
  const shape = fixedShape(inputs[0]);
  if (data === undefined || shape === undefined) return undefined;
  const order = intsAttribute(node, 'perm') ?? [...shape.keys()].reverse();
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const positions = order.reduce<readonly number[]>(
    (reached, axis) =>
      reached.flatMap((position) =>
        Array.from({ length: shape[axis] ?? 0 }, (_, index) => position + index * (strides[axis] ?? 1)),
      ),
    [0],
  );
  return positions.flatMap((position) => data[position] ?? []);
};

const filled: ContentsRule = ({ node }, output) => {
  const value = node.attributes['value'];
  const [element] = value?.kind === 'tensor' ? (contentsOfTensor(value.value) ?? []) : [0];
  const length = productOf(output.shape);
  return element === undefined ? undefined : Array.from({ length: Number(length) }, () => element);
};

const range: ContentsRule = ({ contents }, output) => {
  const [start, step] = [contents[0]?.[0], contents[2]?.[0]];
  if (typeof start !== 'number' || typeof step !== 'number') return undefined;
  return Array.from({ length: Number(productOf(output.shape)) }, (_, i) => start + i * step);
};

const where: ContentsRule = ({ contents: [condition, yes, no] }, output) => {
  if (condition === undefined || yes === undefined || no === undefined) return undefined;
  const length = Number(productOf(output.shape));
  const picked = Array.from({ length }, (_, i) => (at(condition, i) === 0 ? at(no, i) : at(yes, i)));
  return picked.every((dim) => dim !== undefined) ? picked : undefined;
};

/** Element `i` of a vector or of a repeated scalar. */
function at(contents: Contents, i: number): Dim | undefined {
  return contents.length === 1 ? contents[0] : contents[i];
}

function arithmetic(combine: (a: Dim, b: Dim) => Dim | undefined): ContentsRule {
  return ({ inputs, contents: [a, b] }, output) => {
    const vectors = inputs.every((input) => (input?.shape.length ?? 0) <= 1);
    if (a === undefined || b === undefined || !vectors) return undefined;
    const results = Array.from({ length: Number(productOf(output.shape)) }, (_, i) => {
      const [left, right] = [at(a, i), at(b, i)];
      return isExact(left) && isExact(right) ? combine(left, right) : undefined;
    });
    return results.every(isExact) ? results : undefined;
  };
}

/** Whether an element is known, and not only the number nearest to it. */
export function isExact(element: Dim | undefined): element is Dim {
  return typeof element === 'string' || Math.abs(element ?? NaN) <= Number.MAX_SAFE_INTEGER;
}

/** Names stand for sizes of at least 1, so they differ from any number below that. */
function equal(a: Dim, b: Dim): Dim | undefined {
  if (a === b) return 1;
  if (typeof a === 'number' && typeof b === 'number') return 0;
  return (typeof a === 'number' && a < 1) || (typeof b === 'number' && b < 1) ? 0 : undefined;
}

function quotient(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : Math.trunc(a / b);
  return divideExactly(a, b);
}

const subtract = (a: Dim, b: Dim): Dim => (a === b ? 0 : addDims(a, multiplyDims(b, -1)));

const product: ContentsRule = ({ node, contents: [data] }) =>
  data === undefined || intAttribute(node, 'noop_with_empty_axes', 0) === 1 ? undefined : [productOf(data)];

const RULES: Readonly<Record<string, ContentsRule>> = {
  Identity: unchanged,
  Cast: cast,
  Reshape: unchanged,
  Flatten: unchanged,
  Squeeze: unchanged,
  Unsqueeze: unchanged,
  Shape: shape,
  Size: ({ inputs }) => [productOf(inputs[0]?.shape ?? [])],
  Constant: ({ node }) => contentsOfTensor(constantTensor(node)),
  ConstantOfShape: filled,
  Gather: gather,
  Concat: concat,
  Slice: slice,
  Transpose: transpose,
  Range: range,
  Where: where,
  ReduceProd: product,
  Add: arithmetic(addDims),
  Sub: arithmetic(subtract),
  Mul: arithmetic(multiplyDims),
  Div: arithmetic(quotient),
  Equal: arithmetic(equal),
};
