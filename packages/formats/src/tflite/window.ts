import type { Operation } from './operation.js';

/** Padding of the schema: SAME, or VALID. */
const SAME = 0;

/** How a window moves along one spatial axis. */
export interface WindowAxis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

/**
 * Zeros before and after an axis. SAME gives ceil(size/stride) positions; an odd zero goes behind.
 * @see ComputePaddingHeightWidth in tensorflow/lite/kernels/padding.h
 */
export function paddingOf(
  { size, kernel, stride, dilation }: WindowAxis,
  padding: number,
): readonly [number, number] {
  if (padding !== SAME) return [0, 0];
  const positions = Math.ceil(size / stride);
  const total = Math.max((positions - 1) * stride + (kernel - 1) * dilation + 1 - size, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** All begins, then all ends, as ONNX writes paddings. */
export function padsOf(axes: readonly WindowAxis[], padding: number): readonly number[] {
  const pads = axes.map((axis) => paddingOf(axis, padding));
  return [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)];
}

/** Checks that windows and their steps are positive. */
export function checkWindow(operation: Operation, axes: readonly WindowAxis[]): void {
  const wrong = axes.find(({ kernel, stride, dilation }) => Math.min(kernel, stride, dilation) < 1);
  if (wrong !== undefined) {
    throw operation.refuse(
      `has window ${wrong.kernel}, stride ${wrong.stride} and dilation ${wrong.dilation}, allowed are numbers from 1`,
    );
  }
}
