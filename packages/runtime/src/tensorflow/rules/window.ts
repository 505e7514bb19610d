import type { Node } from '@unpair/graph';
import { intsAttribute, stringAttribute } from '@unpair/graph';

/** How a filter or a pool moves over the spatial axes, with the pads as they come out for given sizes. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Pads in front of each axis. */
  readonly before: readonly number[];
  /** Pads behind each axis. */
  readonly after: readonly number[];
}

/** Reads a node's window over `spatial` sizes; `output` are the sizes that come out. */
export function windowOf(
  node: Node,
  kernel: readonly number[],
  spatial: readonly number[],
  output: readonly number[],
): Window {
  const ones = kernel.map(() => 1);
  const strides = intsAttribute(node, 'strides') ?? ones;
  const dilations = intsAttribute(node, 'dilations') ?? ones;
  const autoPad = stringAttribute(node, 'auto_pad', 'NOTSET');
  const pads = intsAttribute(node, 'pads') ?? [];
  const pairs = kernel.map((size, axis): readonly [number, number] => {
    const extent = (size - 1) * (dilations[axis] ?? 1) + 1;
    const needed = ((output[axis] ?? 1) - 1) * (strides[axis] ?? 1) + extent - (spatial[axis] ?? 1);
    const total = Math.max(0, needed);
    if (autoPad === 'SAME_UPPER') return [Math.floor(total / 2), Math.ceil(total / 2)];
    if (autoPad === 'SAME_LOWER') return [Math.ceil(total / 2), Math.floor(total / 2)];
    if (autoPad === 'VALID') return [0, 0];
    return [pads[axis] ?? 0, pads[axis + kernel.length] ?? 0];
  });
  return {
    kernel,
    strides,
    dilations,
    before: pairs.map(([before]) => before),
    after: pairs.map(([, after]) => after),
  };
}
