import type { Attributes, Dim } from '@unpair/graph';
import { ModelError, addDims, ceilDivide, floorDivide, ints, string } from '@unpair/graph';

/** TensorFlow's two rules, or the pads of [top, left, bottom, right]. */
export type Padding = 'same' | 'valid' | readonly [number, number, number, number];

/** How a kernel or a pool moves over rows and columns. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly padding: Padding;
}

/** Rows and columns after the window has moved over them. @throws {ModelError} when it does not fit. */
export function slideOver(spatial: readonly Dim[], window: Window, place: string): readonly Dim[] {
  const { strides, padding } = window;
  return spatial.map((size, axis) => {
    const stride = strides[axis] ?? 1;
    if (padding === 'same') return ceilDivide(size, stride);
    const pads = padding === 'valid' ? 0 : (padding[axis] ?? 0) + (padding[axis + 2] ?? 0);
    const steps = addDims(floorDivide(addDims(size, pads - extentOf(window, axis)), stride), 1);
    if (typeof steps === 'number' && steps < 1) {
      throw new ModelError(
        `${place} has a window of size ${extentOf(window, axis)} that does not fit its input of size ${size}`,
      );
    }
    return steps;
  });
}

/** Strides, and pads for the sizes; where a size is open, the pads that ONNX computes when it runs. */
export function windowAttributes(spatial: readonly Dim[], window: Window): Attributes {
  const { strides, padding } = window;
  const moves: Attributes = { kernel_shape: ints(window.kernel), strides: ints(strides) };
  if (padding === 'valid') return moves;
  if (padding !== 'same') return { ...moves, pads: ints(padding) };
  if (!spatial.every((size) => typeof size === 'number')) {
    return { ...moves, auto_pad: string('SAME_UPPER') };
  }
  const totals = spatial.map((size, axis) => {
    const stride = strides[axis] ?? 1;
    return Math.max((Math.ceil(size / stride) - 1) * stride + extentOf(window, axis) - size, 0);
  });
  const begins = totals.map((total) => Math.floor(total / 2));
  return { ...moves, pads: ints([...begins, ...totals.map((total, axis) => total - (begins[axis] ?? 0))]) };
}

function extentOf({ kernel, dilations = [1, 1] }: Window, axis: number): number {
  return ((kernel[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1;
}
