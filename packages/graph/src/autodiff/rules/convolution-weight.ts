import type { Dim } from '../../graph.js';
import { int } from '../../graph.js';
import type { Pullback } from '../rule.js';
import type { WindowAxis } from '../windows/geometry.js';
import { sliceTaps, windowPads } from '../windows/slices.js';
import { isSeparable, separableWeightAdjoint } from './convolution-weight-separable.js';
import { padZeros } from './selection.js';

/** The two sides of a convolution, and the weight [M, C/g, ...] between them. */
export interface WeightSides {
  /** The side that the window slides over: [N,C,...]. */
  readonly outer: string;
  /** The side with one element for each window position: [N,M,...]. */
  readonly inner: string;
  /** Shape of `inner`. */
  readonly innerShape: readonly Dim[];
  readonly weight: string;
  readonly axes: readonly WindowAxis[];
  readonly groups: number;
}

/**
 * The adjoint of a convolution's weight: for every tap, the product of what the tap saw with the adjoint of what it
 * contributed to, summed over positions and samples. Matrix products over positions beat a convolution with the
 * batch as channels, for which no runtime has a fast path.
 */
export function weightAdjoint(p: Pullback, sides: WeightSides): string {
  const { outer, inner, weight, axes, groups } = sides;
  if (isSeparable(axes, groups)) return separableWeightAdjoint(p, sides);
  const { emit } = p;
  const [outputs = 1, channels = 1] = p.sizes(emit.shapeOf(weight).slice(0, 2));
  const positions = axes.reduce((product, { count }) => product * count, 1);
  const taps = sliceTaps(emit, padZeros(emit, outer, windowPads(axes)), axes);
  const left = emit.reshape(inner, [-1, groups, outputs / groups, positions]);
  const pieces = taps.map((tap) => {
    const right = emit.reshape(tap, [-1, groups, channels, positions]);
    const product = emit.op('MatMul', [left, emit.transpose(right, [0, 1, 3, 2])]);
    return emit.reshape(emit.reduceSum(product, [0], false), [outputs, channels, 1]);
  });
  const stacked = pieces.length === 1 ? (pieces[0] ?? '') : emit.op('Concat', pieces, { axis: int(2) });
  return emit.reshape(stacked, [outputs, channels, ...axes.map(({ kernel }) => kernel)]);
}
