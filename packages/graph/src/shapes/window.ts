import { intsAttribute, stringAttribute } from '../attributes.js';
import type { Dim, Node } from '../graph.js';
import { addDims, ceilDivide, floorDivide } from './dim.js';
import { dimAt, nodeError, showShape } from './rule.js';

/** How a window (a filter or a pool) moves over the spatial dimensions. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All begins, then all ends, as ONNX writes them. */
  readonly pads: readonly number[];
  readonly autoPad: string;
}

/** Reads strides, dilations and pads, with their defaults. @throws {ModelError} when one is the wrong length or size. */
export function readWindow(node: Node, kernel: readonly number[]): Window {
  const rank = kernel.length;
  const list = (name: string, length: number, fallback: number, least: number): readonly number[] => {
    const values = intsAttribute(node, name) ?? Array.from({ length }, () => fallback);
    if (values.length !== length || values.some((value) => value < least)) {
      throw nodeError(
        node,
        `has ${name} ${showShape(values)}, expected ${length} numbers of at least ${least}`,
      );
    }
    return values;
  };
  if (kernel.some((size) => size < 1)) throw nodeError(node, `has kernel shape ${showShape(kernel)}`);
  return {
    kernel,
    strides: list('strides', rank, 1, 1),
    dilations: list('dilations', rank, 1, 1),
    pads: list('pads', 2 * rank, 0, 0),
    autoPad: stringAttribute(node, 'auto_pad', 'NOTSET'),
  };
}

/** Size covered by a dilated kernel along one dimension. */
export function extentOf({ kernel, dilations }: Window, axis: number): number {
  return ((kernel[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1;
}

/** Spatial sizes after the window has moved over `spatial`. @throws {ModelError} when it does not fit. */
export function slideWindow(
  node: Node,
  window: Window,
  spatial: readonly Dim[],
  ceil = false,
): readonly Dim[] {
  if (spatial.length !== window.kernel.length) {
    throw nodeError(
      node,
      `has a kernel of ${window.kernel.length} dimensions over spatial dimensions ${showShape(spatial)}`,
    );
  }
  return spatial.map((size, axis) => {
    const out = slide(window, size, axis, ceil);
    if (typeof out === 'number' && out < 1) {
      throw nodeError(
        node,
        `has a window of size ${extentOf(window, axis)} that does not fit its padded input of size ${size}`,
      );
    }
    return out;
  });
}

function slide(window: Window, size: Dim, axis: number, ceil: boolean): Dim {
  const stride = dimAt(window.strides, axis) as number;
  if (window.autoPad.startsWith('SAME')) return ceilDivide(size, stride);
  const [begin, end] = window.autoPad === 'VALID' ? [0, 0] : padsOf(window, axis);
  const slack = addDims(size, begin + end - extentOf(window, axis));
  const steps = addDims((ceil ? ceilDivide : floorDivide)(slack, stride), 1);
  // With ceil_mode a last window that would start in the padding behind the input is left out.
  const starts =
    typeof size === 'number' && typeof steps === 'number' ? (steps - 1) * stride - size - begin : -1;
  return ceil && starts >= 0 ? addDims(steps, -1) : steps;
}

function padsOf(window: Window, axis: number): readonly [number, number] {
  return [window.pads[axis] ?? 0, window.pads[axis + window.kernel.length] ?? 0];
}

/** Spatial sizes of a transposed convolution. */
export function unslideWindow(
  node: Node,
  window: Window,
  spatial: readonly Dim[],
  multiply: (a: Dim, b: Dim) => Dim,
): readonly Dim[] {
  const explicit = intsAttribute(node, 'output_shape');
  if (explicit !== undefined) return explicit.slice(-spatial.length);
  const extra = intsAttribute(node, 'output_padding') ?? [];
  return spatial.map((size, axis) => {
    const stride = dimAt(window.strides, axis);
    if (window.autoPad.startsWith('SAME')) return multiply(size, stride);
    const [begin, end] = window.autoPad === 'VALID' ? [0, 0] : padsOf(window, axis);
    const offset = (extra[axis] ?? 0) + extentOf(window, axis) - begin - end;
    return addDims(multiply(addDims(size, -1), stride), offset);
  });
}
