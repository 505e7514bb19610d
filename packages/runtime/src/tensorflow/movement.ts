import { sizeOf } from '@unpair/graph';
import type { Device, DeviceTensor } from './device.js';
import { INDEXED_COPY, STRIDED_COPY } from './wasm-kernels.js';

/** Steps between neighbours along each axis of a dense tensor. */
export function stridesOf(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** The part of `x` that begins at `starts` and takes `shape` elements in steps of `steps` along each axis. */
export function slice(
  device: Device,
  x: DeviceTensor,
  starts: readonly number[],
  shape: readonly number[],
  steps: readonly number[] = starts.map(() => 1),
): DeviceTensor {
  if (device.has(STRIDED_COPY)) {
    const strides = stridesOf(x.shape);
    const offset = starts.reduce((sum, start, axis) => sum + start * (strides[axis] ?? 0), 0);
    return device.run(
      STRIDED_COPY,
      { x },
      { shape, strides: strides.map((stride, axis) => stride * (steps[axis] ?? 1)), offset },
    );
  }
  if (steps.every((step) => step === 1))
    return device.run('Slice', { x }, { begin: [...starts], size: [...shape] });
  const ends = starts.map((start, axis) => start + (shape[axis] ?? 0) * (steps[axis] ?? 1));
  // A step back past the first element has no end that could be written: the mask says "to the end".
  const endMask = ends.reduce((mask, end, axis) => (end < 0 ? mask | (1 << axis) : mask), 0);
  const masks = { beginMask: 0, endMask, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 };
  return device.run('StridedSlice', { x }, { begin: [...starts], end: ends, strides: [...steps], ...masks });
}

/** Repeats `x` along its axes of size 1, and along new leading ones, up to `shape`. */
export function broadcast(device: Device, x: DeviceTensor, shape: readonly number[]): DeviceTensor {
  const padded = [...Array.from({ length: shape.length - x.shape.length }, () => 1), ...x.shape];
  if (padded.every((size, axis) => size === shape[axis])) return device.reshape(x, shape);
  if (device.has(STRIDED_COPY)) {
    const strides = stridesOf(padded).map((stride, axis) => (padded[axis] === 1 ? 0 : stride));
    return device.run(STRIDED_COPY, { x }, { shape, strides, offset: 0 });
  }
  const reps = shape.map((size, axis) => (padded[axis] === 1 ? size : 1));
  return device.run('Tile', { x: device.reshape(x, padded) }, { reps });
}

/** Entries of `x` along `axis` in the order of `indices`, which are within range. */
export function take(
  device: Device,
  x: DeviceTensor,
  axis: number,
  indices: readonly number[],
): DeviceTensor {
  if (device.has(INDEXED_COPY)) {
    const inner = sizeOf(x.shape.slice(axis + 1));
    const size = x.shape[axis] ?? 1;
    const outer = sizeOf(x.shape.slice(0, axis));
    return device.run(
      INDEXED_COPY,
      { x },
      { shape: x.shape.with(axis, indices.length), indices, outer, size, inner },
    );
  }
  const list = device.upload(Int32Array.from(indices), [indices.length], 'int32');
  return device.run('GatherV2', { x, indices: list }, { axis, batchDims: 0 });
}

/** Reorders dimensions: dimension i of the result is dimension `order[i]` of `x`. */
export function transpose(device: Device, x: DeviceTensor, order: readonly number[]): DeviceTensor {
  const shape = order.map((axis) => x.shape[axis] ?? 1);
  const { sizes, perm } = mergedOrder(x.shape, order);
  if (perm.every((axis, i) => axis === i)) return device.reshape(x, shape);
  const moved = device.run('Transpose', { x: device.reshape(x, sizes) }, { perm: [...perm] });
  return device.reshape(moved, shape);
}

/** The same reordering over as few dimensions as possible: kernels have a limit on them, and are faster with few. */
function mergedOrder(
  shape: readonly number[],
  order: readonly number[],
): { readonly sizes: readonly number[]; readonly perm: readonly number[] } {
  const groups: { readonly first: number; last: number; size: number }[] = [];
  for (const axis of order) {
    const size = shape[axis] ?? 1;
    if (size === 1) continue;
    const group = groups.at(-1);
    const isNext =
      group !== undefined && sizeOf(shape.slice(group.last + 1, axis)) === 1 && axis > group.last;
    if (isNext) {
      group.last = axis;
      group.size *= size;
    } else groups.push({ first: axis, last: axis, size });
  }
  const inOrder = groups.toSorted((a, b) => a.first - b.first);
  return { sizes: inOrder.map(({ size }) => size), perm: groups.map((group) => inOrder.indexOf(group)) };
}

/** Puts `before` and `after` copies of `value` around `x` along each axis. None may be negative. */
export function pad(
  device: Device,
  x: DeviceTensor,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): DeviceTensor {
  const paddings = before.map((count, axis) => [count, after[axis] ?? 0]);
  if (paddings.flat().every((count) => count === 0)) return x;
  return device.run('PadV2', { x }, { paddings, constantValue: value });
}

/** Joins tensors along `axis`. */
export function concat(device: Device, tensors: readonly DeviceTensor[], axis: number): DeviceTensor {
  return device.run('Concat', tensors, { axis });
}
