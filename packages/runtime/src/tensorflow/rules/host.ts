import type { Node, Tensor } from '@unpair/graph';
import {
  BYTES_PER_ELEMENT,
  arrayOver,
  float32,
  intAttribute,
  intsAttribute,
  roundToEven,
  sizeOf,
  stringAttribute,
} from '@unpair/graph';
import { stridesOf } from '../movement.js';
import type { Rule, Rules } from '../rule.js';
import { axisOf, outputShapes } from '../rule.js';
import { Value } from '../value.js';
import type { Window } from './window.js';
import { windowOf } from './window.js';

/** A node with its inputs on the host. */
interface HostNode {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  readonly shapes: readonly (readonly number[])[];
}

type Compute = (node: HostNode) => readonly Tensor[];

/** An operator that picks or places elements by number: plain loops on the host, for want of kernels everywhere. */
const onHost =
  (compute: Compute): Rule =>
  (context) =>
  (inputs) => {
    const shapes = outputShapes(context, inputs);
    const tensors = inputs.flatMap((value) => (value === undefined ? [] : [value.host()]));
    const { device, node } = context;
    return compute({ node, inputs: tensors, shapes }).map((tensor) => Value.onHost(device, tensor));
  };

function input({ inputs }: HostNode, index: number): Tensor {
  const tensor = inputs[index];
  if (tensor === undefined) throw new TypeError(`lacks its input ${index}`);
  return tensor;
}

const numbersOf = ({ data }: Tensor): readonly number[] =>
  Array.from(data as ArrayLike<number | bigint>, Number);

/** A tensor like `model` with `shape`, each element copied from the place in `model` that `place` names. */
function picked(model: Tensor, shape: readonly number[], place: (index: number) => number): Tensor {
  const empty = emptyLike(model, shape);
  for (let i = 0; i < empty.data.length; i++) copyElement(model, place(i), empty, i);
  return empty;
}

function emptyLike({ dataType }: Tensor, shape: readonly number[]): Tensor {
  const data = arrayOver(dataType, new ArrayBuffer(sizeOf(shape) * BYTES_PER_ELEMENT[dataType]));
  return { dataType, shape, data } as Tensor;
}

function copyElement(from: Tensor, source: number, to: Tensor, target: number): void {
  const element = from.data[source];
  if (element !== undefined) to.data[target] = element;
}

function int64(shape: readonly number[], values: readonly number[]): Tensor {
  return { dataType: 'int64', shape, data: BigInt64Array.from(values, BigInt) };
}

/** How a tensor falls into lines along an axis. */
interface Lines {
  readonly count: number;
  readonly size: number;
  readonly stride: number;
  /** Place of a line's first element. */
  readonly start: (line: number) => number;
}

function linesOf(shape: readonly number[], axis: number): Lines {
  const stride = sizeOf(shape.slice(axis + 1));
  const size = shape[axis] ?? 1;
  const start = (line: number): number => Math.floor(line / stride) * stride * size + (line % stride);
  return { count: sizeOf(shape) / Math.max(1, size), size, stride, start };
}

/** The largest (or smallest) elements along an axis in order, and where they were; of equals the first comes first. */
const topK: Compute = (node) => {
  const x = input(node, 0);
  const axis = axisOf(intAttribute(node.node, 'axis', -1), x.shape.length);
  const sign = intAttribute(node.node, 'largest', 1) === 1 ? -1 : 1;
  const [shape = []] = node.shapes;
  const [from, to] = [linesOf(x.shape, axis), linesOf(shape, axis)];
  const values = numbersOf(x);
  const places = new Array<number>(sizeOf(shape)).fill(0);
  for (let line = 0; line < from.count; line++) {
    const at = (index: number): number => values[from.start(line) + index * from.stride] ?? Number.NaN;
    const order = Array.from({ length: from.size }, (_, i) => i).sort(
      (a, b) => sign * (at(a) - at(b)) || a - b,
    );
    for (let i = 0; i < to.size; i++) places[to.start(line) + i * to.stride] = order[i] ?? 0;
  }
  const source = (index: number): number => {
    const line = Math.floor(index / (to.stride * to.size)) * to.stride + (index % to.stride);
    return from.start(line) + (places[index] ?? 0) * from.stride;
  };
  return [picked(x, shape, source), int64(shape, places)];
};

/** Two values, off and on, the latter where the new axis has the index that the input names. */
const oneHot: Compute = (node) => {
  const [indices, depth, values] = [0, 1, 2].map((i) => input(node, i));
  const [shape = []] = node.shapes;
  if (indices === undefined || depth === undefined || values === undefined)
    throw new TypeError('lacks an input');
  const axis = axisOf(intAttribute(node.node, 'axis', -1), shape.length);
  const size = numbersOf(depth)[0] ?? 0;
  const classes = numbersOf(indices);
  const inner = sizeOf(shape.slice(axis + 1));
  const isOn = (index: number): boolean => {
    const line = Math.floor(index / (inner * size)) * inner + (index % inner);
    const named = classes[line] ?? 0;
    return (named < 0 ? named + size : named) === Math.floor(index / inner) % size;
  };
  return [picked(values, shape, (index) => (isOn(index) ? 1 : 0))];
};

/** Place in a tensor of `shape` for each element of `indices`: its own place but for `axis`, which the element names. */
function placesOf(indices: Tensor, shape: readonly number[], axis: number): readonly number[] {
  const [own, strides] = [stridesOf(indices.shape), stridesOf(shape)];
  const size = shape[axis] ?? 1;
  return numbersOf(indices).map((written, index) => {
    if (written < -size || written >= size)
      throw new RangeError(`has index ${written}, outside a size of ${size}`);
    return strides.reduce((place, stride, i) => {
      const position = Math.floor(index / (own[i] ?? 1)) % (indices.shape[i] ?? 1);
      return place + stride * (i === axis ? axisOf(written, size) : position);
    }, 0);
  });
}

const gatherElements: Compute = (node) => {
  const [x, indices] = [input(node, 0), input(node, 1)];
  const axis = axisOf(intAttribute(node.node, 'axis', 0), x.shape.length);
  const places = placesOf(indices, x.shape, axis);
  return [picked(x, indices.shape, (index) => places[index] ?? 0)];
};

/** How an update joins what is there. */
const JOINS: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

function scattered(node: HostNode, updates: Tensor, places: readonly number[]): readonly Tensor[] {
  const reduction = stringAttribute(node.node, 'reduction', 'none');
  const join = JOINS[reduction];
  if (join === undefined) throw new RangeError(`has reduction "${reduction}", which is not supported`);
  const x = input(node, 0);
  const y = picked(x, x.shape, (index) => index);
  places.forEach((place, i) => {
    if (reduction === 'none') {
      copyElement(updates, i, y, place);
      return;
    }
    const joined = join(Number(y.data[place] ?? 0), Number(updates.data[i] ?? 0));
    if (y.data instanceof BigInt64Array) y.data[place] = BigInt(joined);
    else y.data[place] = joined;
  });
  return [y];
}

const scatterElements: Compute = (node) => {
  const x = input(node, 0);
  const axis = axisOf(intAttribute(node.node, 'axis', 0), x.shape.length);
  return scattered(node, input(node, 2), placesOf(input(node, 1), x.shape, axis));
};

/** Places whole slices: the last axis of the indices names where each begins. */
const scatterND: Compute = (node) => {
  const [x, indices] = [input(node, 0), input(node, 1)];
  const depth = indices.shape.at(-1) ?? 1;
  const strides = stridesOf(x.shape);
  const inner = sizeOf(x.shape.slice(depth));
  const flat = numbersOf(indices);
  const starts = Array.from({ length: flat.length / depth }, (_, row) =>
    flat
      .slice(row * depth, (row + 1) * depth)
      .reduce((place, index, i) => place + (strides[i] ?? 0) * axisOf(index, x.shape[i] ?? 1), 0),
  );
  const places = starts.flatMap((start) => Array.from({ length: inner }, (_, i) => start + i));
  return scattered(node, input(node, 2), places);
};

/** Sums of all elements up to each one, on demand without it, or from the end. */
const cumulativeSum: Compute = (node) => {
  const x = input(node, 0);
  const axis = axisOf(numbersOf(input(node, 1))[0] ?? 0, x.shape.length);
  const excludes = intAttribute(node.node, 'exclusive', 0) === 1;
  const isReversed = intAttribute(node.node, 'reverse', 0) === 1;
  const { count, size, stride, start } = linesOf(x.shape, axis);
  const [values, y] = [numbersOf(x), picked(x, x.shape, (index) => index)];
  for (let line = 0; line < count; line++) {
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const place = start(line) + (isReversed ? size - 1 - i : i) * stride;
      const before = sum;
      sum += values[place] ?? 0;
      const total = excludes ? before : sum;
      if (y.data instanceof BigInt64Array) y.data[place] = BigInt(total);
      else y.data[place] = total;
    }
  }
  return [y];
};

/** Keeps the triangle above (or below) a diagonal of matrices [...,M,N]; the rest is 0. */
const triangle: Compute = (node) => {
  const x = input(node, 0);
  const diagonal = node.inputs[1] === undefined ? 0 : (numbersOf(node.inputs[1])[0] ?? 0);
  const isUpper = intAttribute(node.node, 'upper', 1) === 1;
  const [rows = 1, columns = 1] = x.shape.slice(-2);
  const y = emptyLike(x, x.shape);
  for (let i = 0; i < y.data.length; i++) {
    const distance = (i % columns) - (Math.floor(i / columns) % rows);
    if (isUpper ? distance >= diagonal : distance <= diagonal) copyElement(x, i, y, i);
  }
  return [y];
};

/** 1 at the first largest element along an axis, 0 elsewhere. */
const hardmax: Compute = (node) => {
  const x = input(node, 0);
  const axis = axisOf(intAttribute(node.node, 'axis', -1), x.shape.length);
  const { count, size, stride, start } = linesOf(x.shape, axis);
  const [values, y] = [numbersOf(x), emptyLike(x, x.shape)];
  for (let line = 0; line < count; line++) {
    const along = Array.from({ length: size }, (_, i) => values[start(line) + i * stride] ?? Number.NaN);
    const best = along.reduce((most, value, i) => (value > (along[most] ?? Infinity) ? i : most), 0);
    if (!(y.data instanceof BigInt64Array)) y.data[start(line) + best * stride] = 1;
  }
  return [y];
};

/** To uint8, by a scale and a zero point that are chosen for what is there and are further outputs. */
const dynamicQuantize: Compute = (node) => {
  const x = input(node, 0);
  const values = numbersOf(x);
  const [low, high] = [Math.min, Math.max].map((f) => values.reduce((a, b) => f(a, b), 0));
  const range = Math.fround(Math.fround((high ?? 0) - (low ?? 0)) / 255);
  const scale = range === 0 ? 1 : range;
  const saturated = (value: number): number => Math.min(Math.max(value, 0), 255);
  const zero = saturated(roundToEven(Math.fround(-(low ?? 0) / scale)));
  const data = Uint8Array.from(values, (value) => saturated(roundToEven(Math.fround(value / scale)) + zero));
  return [
    { dataType: 'uint8', shape: x.shape, data },
    float32([], [scale]),
    { dataType: 'uint8', shape: [], data: Uint8Array.of(zero) },
  ];
};

/** The largest element of each window over [N,C,...], and its place in the input. */
const maxPoolWithIndices: Compute = (node) => {
  const x = input(node, 0);
  const [shape = []] = node.shapes;
  const kernel = intsAttribute(node.node, 'kernel_shape') ?? [];
  const window = windowOf(node.node, kernel, x.shape.slice(2), shape.slice(2));
  const [strides, values] = [stridesOf(x.shape), numbersOf(x)];
  const outputStrides = stridesOf(shape);
  const places = Array.from({ length: sizeOf(shape) }, (_, index) => {
    const position = shape.map((size, axis) => Math.floor(index / (outputStrides[axis] ?? 1)) % size);
    return placesInWindow(window, position, x.shape, strides).reduce((best, place) =>
      (values[place] ?? 0) > (values[best] ?? 0) ? place : best,
    );
  });
  const isColumnMajor = intAttribute(node.node, 'storage_order', 0) === 1;
  if (isColumnMajor) throw new RangeError('counts indices column by column, which is not supported');
  return [picked(x, shape, (index) => places[index] ?? 0), int64(shape, places)];
};

/** Places in the input that the window at `position` of the output covers, first to last. */
function placesInWindow(
  { kernel, strides, dilations, before }: Window,
  position: readonly number[],
  shape: readonly number[],
  inputStrides: readonly number[],
): readonly number[] {
  const [n = 0, c = 0, ...at] = position;
  const origin = n * (inputStrides[0] ?? 0) + c * (inputStrides[1] ?? 0);
  return kernel.reduce<readonly number[]>(
    (places, size, axis) => {
      const first = (at[axis] ?? 0) * (strides[axis] ?? 1) - (before[axis] ?? 0);
      const along = Array.from({ length: size }, (_, i) => first + i * (dilations[axis] ?? 1));
      const inside = along.filter((index) => index >= 0 && index < (shape[axis + 2] ?? 1));
      return places.flatMap((place) => inside.map((index) => place + index * (inputStrides[axis + 2] ?? 1)));
    },
    [origin],
  );
}

/** MaxPool where its second output is wanted. */
export const maxPoolOnHost = onHost(maxPoolWithIndices);

/** Operators that pick or place elements by number. */
export const hostRules: Rules = {
  TopK: onHost(topK),
  OneHot: onHost(oneHot),
  GatherElements: onHost(gatherElements),
  ScatterElements: onHost(scatterElements),
  ScatterND: onHost(scatterND),
  CumSum: onHost(cumulativeSum),
  Trilu: onHost(triangle),
  Hardmax: onHost(hardmax),
  DynamicQuantizeLinear: onHost(dynamicQuantize),
};
