import type { Dim } from '../../graph.js';
import type { Pullback } from '../rule.js';

/** Most elements of a window, and most phases of its strides: rules may write a node for each. */
const MOST_TAPS = 2 ** 14;

/** One spatial axis of a sliding window: a convolution's filter or a pool. */
export interface WindowAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first element. */
  readonly begin: number;
  /** What the last window reads beyond the last element; negative where the last elements are not read. */
  readonly end: number;
  /** Size of the side that the window slides over. */
  readonly size: number;
  /** Number of window positions. */
  readonly count: number;
}

/** The sizes that a window slides over and the positions it takes, [N,C,...] each. */
export interface WindowShapes {
  readonly outer: readonly Dim[];
  readonly positions: readonly Dim[];
}

/**
 * Reads how a node's window moves. Explicit and automatic padding, floor and ceil rounding all come down to where
 * the first window begins and how many there are.
 * @throws {ModelError} when a spatial size is known only at run time.
 */
export function readWindowAxes(
  p: Pullback,
  kernel: readonly number[],
  { outer, positions }: WindowShapes,
): readonly WindowAxis[] {
  const sizes = p.sizes(outer.slice(2));
  const counts = p.sizes(positions.slice(2));
  p.limit(productOf(sizes));
  p.limit(productOf(counts));
  p.limit(productOf(kernel), MOST_TAPS);
  p.limit(productOf(p.ints('strides') ?? []), MOST_TAPS);
  return kernel.map((size, axis) => {
    const stride = p.ints('strides')?.[axis] ?? 1;
    const dilation = p.ints('dilations')?.[axis] ?? 1;
    const outerSize = sizes[axis] ?? 1;
    const count = counts[axis] ?? 1;
    const read = (count - 1) * stride + (size - 1) * dilation + 1;
    const begin = beginOf(p, axis, Math.max(read - outerSize, 0));
    return { kernel: size, stride, dilation, begin, end: read - outerSize - begin, size: outerSize, count };
  });
}

/** Padding before the first element; `total` is what automatic padding divides between both ends. */
function beginOf(p: Pullback, axis: number, total: number): number {
  switch (p.string('auto_pad', 'NOTSET')) {
    case 'SAME_UPPER':
      return Math.floor(total / 2);
    case 'SAME_LOWER':
      return Math.ceil(total / 2);
    case 'VALID':
      return 0;
    default:
      return p.ints('pads')?.[axis] ?? 0;
  }
}

/** Every tap of a window as its offsets along the axes, the last axis fastest. */
export function tapsOf(axes: readonly WindowAxis[]): readonly (readonly number[])[] {
  return axes.reduce<readonly (readonly number[])[]>(
    (taps, { kernel }) => taps.flatMap((tap) => Array.from({ length: kernel }, (_, k) => [...tap, k])),
    [[]],
  );
}

function productOf(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1);
}
