import type * as tfjs from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { hasKernel } from './device.js';

type Elements = Float32Array | Int32Array | Uint8Array;

/** Reads an element of `x` at `offset` plus each output index times its stride; a stride of 0 repeats. */
export interface StridedCopyAttributes {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Applies the backend's `kernel` to two tensors of `shape`, or of one element. */
export interface PairwiseAttributes {
  readonly kernel: string;
  readonly shape: readonly number[];
}

/** Copies runs of `inner` elements: for each of `outer` blocks of `size` runs those that `indices` name. */
export interface IndexedCopyAttributes {
  readonly shape: readonly number[];
  readonly indices: readonly number[];
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

export const STRIDED_COPY = 'UnpairStridedCopy';
export const INDEXED_COPY = 'UnpairIndexedCopy';
export const PAIRWISE = 'UnpairPairwise';

/** What {@link PAIRWISE} computes of two elements; comparisons give 0 or 1. */
const PAIRWISE_FUNCTIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  Less: (a, b) => Number(a < b),
  LessEqual: (a, b) => Number(a <= b),
  Greater: (a, b) => Number(a > b),
  GreaterEqual: (a, b) => Number(a >= b),
  Equal: (a, b) => Number(a === b),
  NotEqual: (a, b) => Number(a !== b),
  Maximum: Math.max,
  Minimum: Math.min,
};

/** Kernels of the backend that {@link PAIRWISE} takes the place of. */
export const PAIRWISE_KERNELS: ReadonlySet<string> = new Set(Object.keys(PAIRWISE_FUNCTIONS));

/**
 * Adds kernels to the WebAssembly backend where its own are slow: those that move elements (Slice, StridedSlice,
 * GatherV2, Tile) take some 100 ns an element, comparisons 20 to 200. These are plain loops over its heap.
 */
export function registerWasmKernels(tf: typeof tfjs): void {
  registerPairwise(tf);
  register(tf, STRIDED_COPY, (from, to, attributes) => {
    copyStrided(from, to, attributes as StridedCopyAttributes);
  });
  register(tf, INDEXED_COPY, (from, to, attributes) => {
    copyIndexed(from, to, attributes as IndexedCopyAttributes);
  });
}

function registerPairwise(tf: typeof tfjs): void {
  if (hasKernel(tf, PAIRWISE, 'wasm')) return;
  tf.registerKernel({
    kernelName: PAIRWISE,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const wasm = backend as Pick<BackendWasm, 'makeOutput' | 'typedArrayFromHeap'>;
      const { a, b } = inputs as { readonly a: tfjs.TensorInfo; readonly b: tfjs.TensorInfo };
      const { kernel, shape } = attrs as unknown as PairwiseAttributes;
      const f = PAIRWISE_FUNCTIONS[kernel];
      if (f === undefined) throw new RangeError(`there is no pairwise kernel ${kernel}`);
      const isChoice = kernel === 'Maximum' || kernel === 'Minimum';
      const output = wasm.makeOutput([...shape], isChoice ? a.dtype : 'bool');
      const [left, right] = [wasm.typedArrayFromHeap(a), wasm.typedArrayFromHeap(b)];
      pair(left, right, wasm.typedArrayFromHeap(output), f);
      return output;
    },
  });
}

/** An operand of one element stands beside all of the other's. */
function pair(a: Elements, b: Elements, to: Elements, f: (a: number, b: number) => number): void {
  const [aStep, bStep] = [a.length === 1 ? 0 : 1, b.length === 1 ? 0 : 1];
  for (let i = 0; i < to.length; i++) to[i] = f(a[i * aStep] ?? Number.NaN, b[i * bStep] ?? Number.NaN);
}

function register(
  tf: typeof tfjs,
  kernelName: string,
  copy: (from: Elements, to: Elements, attributes: { readonly shape: readonly number[] }) => void,
): void {
  if (hasKernel(tf, kernelName, 'wasm')) return;
  tf.registerKernel({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const wasm = backend as Pick<BackendWasm, 'makeOutput' | 'typedArrayFromHeap'>;
      const { x } = inputs as { readonly x: tfjs.TensorInfo };
      const attributes = attrs as unknown as { readonly shape: readonly number[] };
      const output = wasm.makeOutput([...attributes.shape], x.dtype);
      // After makeOutput, which may grow the heap and so detach earlier views of it.
      copy(wasm.typedArrayFromHeap(x), wasm.typedArrayFromHeap(output), attributes);
      return output;
    },
  });
}

interface Axis {
  readonly size: number;
  readonly stride: number;
}

function copyStrided(from: Elements, to: Elements, { shape, strides, offset }: StridedCopyAttributes): void {
  if (to.length === 0) return;
  const axes = mergeAxes(shape.map((size, axis) => ({ size, stride: strides[axis] ?? 0 })));
  const { size, stride } = axes.pop() ?? { size: 1, stride: 1 };
  let written = 0;
  const visit = (depth: number, start: number): void => {
    const axis = axes[depth];
    if (axis === undefined) {
      copyRun(from, to, start, written, size, stride);
      written += size;
      return;
    }
    for (let i = 0; i < axis.size; i++) visit(depth + 1, start + i * axis.stride);
  };
  visit(0, offset);
}

/** Joins neighbouring axes that are one run of elements, and drops those of size 1. */
function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    const last = merged.at(-1);
    if (axis.size === 1) continue;
    if (last?.stride === axis.size * axis.stride) {
      merged[merged.length - 1] = { size: last.size * axis.size, stride: axis.stride };
    } else merged.push(axis);
  }
  return merged;
}

/** Below this many elements a loop is faster than a block copy. */
const SHORT = 32;

function copyRun(
  from: Elements,
  to: Elements,
  start: number,
  written: number,
  size: number,
  stride: number,
): void {
  if (stride === 1 && size >= SHORT) {
    to.set(from.subarray(start, start + size), written);
    return;
  }
  for (let i = 0, at = start; i < size; i++, at += stride) to[written + i] = from[at] ?? 0;
}

function copyIndexed(from: Elements, to: Elements, attributes: IndexedCopyAttributes): void {
  const { indices, outer, size, inner } = attributes;
  let written = 0;
  for (let block = 0; block < outer; block++) {
    for (const index of indices) {
      copyRun(from, to, (block * size + index) * inner, written, inner, 1);
      written += inner;
    }
  }
}
