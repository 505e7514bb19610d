import { intAttribute, intsAttribute } from '../attributes.js';
import { BYTES_PER_ELEMENT, arrayOver } from '../data-types.js';
import type { Node } from '../graph.js';
import { isExact } from '../shapes/contents.js';
import type { DataType, Tensor } from '../tensor.js';
import { int64, sizeOf } from '../tensor.js';

/** A node whose inputs are all constant: their values, and the type of its result. */
interface Evaluation {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  readonly dataType: DataType;
  readonly shape: readonly number[];
}

type Evaluator = (evaluation: Evaluation) => Tensor | undefined;

/**
 * Computes what a node with constant inputs yields, for the operators that stand between a model's constants and
 * where they are used. Each operation rounds to float32 once.
 * @returns `undefined` for operators and element types outside these.
 */
export function evaluateNode(evaluation: Evaluation): Tensor | undefined {
  const { op, domain } = evaluation.node;
  const evaluator = domain === '' && Object.hasOwn(EVALUATORS, op) ? EVALUATORS[op] : undefined;
  return evaluator?.(evaluation);
}

/** A tensor from plain numbers; `undefined` when they are not as many as the shape says. */
export function tensorOf(
  dataType: DataType,
  shape: readonly number[],
  values: readonly number[],
): Tensor | undefined {
  if (values.length !== sizeOf(shape)) return undefined;
  if (dataType === 'int64') return int64(shape, values);
  const data = arrayOver(dataType, new ArrayBuffer(values.length * BYTES_PER_ELEMENT[dataType]));
  data.set(values);
  return { dataType, shape, data } as Tensor;
}

/** Same elements, another shape. */
const reshape: Evaluator = ({ inputs: [data], shape }) =>
  data?.data.length === sizeOf(shape) ? { ...data, shape } : undefined;

const transpose: Evaluator = ({ node, inputs: [data], shape }) => {
  if (data === undefined) return undefined;
  const order = intsAttribute(node, 'perm') ?? [...data.shape.keys()].reverse();
  const strides = stridesOf(data.shape);
  return pick(
    data,
    shape,
    order.map((axis) => strides[axis] ?? 0),
  );
};

const expand: Evaluator = ({ inputs: [data], shape }) =>
  data === undefined ? undefined : pick(data, shape, broadcastStrides(data.shape, shape));

/** Reads `data` at steps of `strides` along the axes of `shape`. */
function pick(data: Tensor, shape: readonly number[], strides: readonly number[]): Tensor {
  const result = data.data.slice(0, 0).constructor as new (length: number) => Tensor['data'];
  const picked = new result(sizeOf(shape));
  const offsets = offsetsOf(shape, strides);
  for (let i = 0; i < picked.length; i++) picked[i] = data.data[offsets[i] ?? 0] ?? 0;
  return { dataType: data.dataType, shape, data: picked } as Tensor;
}

function stridesOf(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** Steps of 0 along the axes that are repeated. */
function broadcastStrides(from: readonly number[], to: readonly number[]): readonly number[] {
  const strides = stridesOf(from);
  return to.map((_, axis) => {
    const at = axis - to.length + from.length;
    return (from[at] ?? 1) === 1 ? 0 : (strides[at] ?? 0);
  });
}

/** Flat positions of all elements of `shape`, in order, when each axis steps by its stride. */
function offsetsOf(shape: readonly number[], strides: readonly number[]): Int32Array {
  if (shape.includes(0)) return new Int32Array(0);
  let offsets = Int32Array.of(0);
  shape.forEach((size, axis) => {
    const stride = strides[axis] ?? 0;
    const next = new Int32Array(offsets.length * size);
    offsets.forEach((offset, i) => {
      for (let k = 0; k < size; k++) next[i * size + k] = offset + k * stride;
    });
    offsets = next;
  });
  return offsets;
}

function unary(compute: (x: number) => number): Evaluator {
  return ({ inputs: [data] }) =>
    data?.dataType === 'float32' ? { ...data, data: data.data.map(compute) } : undefined;
}

function binary(compute: (a: number, b: number) => number): Evaluator {
  return ({ inputs: [a, b], shape }) => {
    if (a?.dataType !== 'float32' || b?.dataType !== 'float32') return undefined;
    const left = offsetsOf(shape, broadcastStrides(a.shape, shape));
    const right = offsetsOf(shape, broadcastStrides(b.shape, shape));
    const data = Float32Array.from(left, (offset, i) =>
      compute(a.data[offset] ?? 0, b.data[right[i] ?? 0] ?? 0),
    );
    return { dataType: 'float32', shape, data };
  };
}

/** An integer that a JavaScript number cannot hold exactly is left to the runtime. */
const cast: Evaluator = ({ inputs: [data], dataType, shape }) => {
  const numeric: readonly DataType[] = ['float32', 'int64', 'int32', 'int8', 'uint8', 'bool'];
  if (data === undefined || !numeric.includes(data.dataType) || !numeric.includes(dataType)) return undefined;
  if (data.dataType === dataType) return { ...data, shape };
  const values = Array.from(data.data, Number);
  if (dataType === 'bool')
    return tensorOf(
      dataType,
      shape,
      values.map((value) => (value === 0 ? 0 : 1)),
    );
  if (!values.every(isExact)) return undefined;
  return tensorOf(dataType, shape, dataType === 'float32' ? values : values.map(Math.trunc));
};

const constantOfShape: Evaluator = ({ node, dataType, shape }) => {
  const value = node.attributes['value'];
  const element = value?.kind === 'tensor' ? value.value.data[0] : undefined;
  const size = sizeOf(shape);
  const data = arrayOver(dataType, new ArrayBuffer(size * BYTES_PER_ELEMENT[dataType]));
  if (data instanceof BigInt64Array) data.fill(BigInt(element ?? 0));
  else data.fill(Number(element ?? 0));
  return { dataType, shape, data } as Tensor;
};

/** (q − zero point)·scale, with one scale or one for each index of an axis. */
const dequantize: Evaluator = ({ node, inputs: [quantized, scale, zeroPoint], shape }) => {
  if (quantized === undefined || scale?.dataType !== 'float32' || scale.shape.length > 1) return undefined;
  const axis = intAttribute(node, 'axis', 1);
  const at = axis < 0 ? axis + shape.length : axis;
  const inner = scale.data.length === 1 ? Infinity : sizeOf(shape.slice(at + 1));
  const data = Float32Array.from(quantized.data as ArrayLike<number | bigint>, (value, i) => {
    const channel = Math.floor(i / inner) % scale.data.length;
    return (Number(value) - Number(zeroPoint?.data[channel] ?? 0)) * (scale.data[channel] ?? 1);
  });
  return { dataType: 'float32', shape, data };
};

const EVALUATORS: Readonly<Record<string, Evaluator>> = {
  Identity: reshape,
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Expand: expand,
  Cast: cast,
  ConstantOfShape: constantOfShape,
  DequantizeLinear: dequantize,
  Sqrt: unary(Math.sqrt),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Reciprocal: unary((x) => 1 / x),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
};
