import { int } from '../../graph.js';
import type { Pullback } from '../rule.js';
import { sliceTaps, windowPads } from '../windows/slices.js';
import { depthwiseWeightAdjoint, isDepthwise } from './convolution-weight-depthwise.js';
import { isSeparable, separableWeightAdjoint } from './convolution-weight-separable.js';
import { padZeros } from './selection.js';
import type { WeightSides } from './weight-sides.js';

/**
 * The adjoint of a convolution's weight: for every tap, the product of what the tap saw with the adjoint of what it
 * contributed to, summed over positions and samples. Matrix products over positions beat a convolution with the
 * batch as channels, for which no runtime has a fast path; depthwise filters, whose products are of single rows, are
 * the exception.
 */
export function weightAdjoint(p: Pullback, sides: WeightSides): string {
  const { outer, inner, weight, axes, groups } = sides;
  if (isDepthwise(p, sides)) return depthwiseWeightAdjoint(p, sides);
  if (isSeparable(axes, groups)) return separableWeightAdjoint(p, sides);
  const { emit } = p;
  const [outputs = 1, channels = 1] = p.sizes(emit.shapeOf(weight).slice(0, 2));
  const positions = axes.reduce((product, { count }) => product * count, 1);
  const taps = sliceTaps(emit, padZeros(emit, outer, windowPads(axes)), axes);
  const multiply = isFlat(positions, outputs, channels, groups) ? flatProduct : batchedProduct;
  const product = multiply(p, inner, { outputs, channels, positions, groups });
  const pieces = taps.map((tap) => emit.reshape(product(tap), [outputs, channels, 1]));
  const stacked = pieces.length === 1 ? (pieces[0] ?? '') : emit.op('Concat', pieces, { axis: int(2) });
  return emit.reshape(stacked, [outputs, channels, ...axes.map(({ kernel }) => kernel)]);
}

interface ProductShape {
  readonly outputs: number;
  /** In each group. */
  readonly channels: number;
  readonly positions: number;
  readonly groups: number;
}

/** Elements to be transposed that cost as much as one of a sample's product, measured with onnxruntime. */
const TRANSPOSED_PER_PRODUCT = 20;

/** Whether the samples' products are so large that transposing both sides costs less than adding them up. */
function isFlat(positions: number, outputs: number, channels: number, groups: number): boolean {
  return groups === 1 && positions * (outputs + channels) <= TRANSPOSED_PER_PRODUCT * outputs * channels;
}

/** One product over the positions of all samples, [M,N·P]·[N·P,C]. */
function flatProduct(
  { emit }: Pullback,
  inner: string,
  { outputs, channels, positions }: ProductShape,
): (tap: string) => string {
  const channelsFirst = (value: string, count: number): string => {
    const rows = emit.reshape(value, [-1, count, positions]);
    return emit.reshape(emit.transpose(rows, [1, 0, 2]), [count, -1]);
  };
  const left = channelsFirst(inner, outputs);
  return (tap) => emit.op('Gemm', [left, channelsFirst(tap, channels)], { transB: int(1) });
}

/** A product over positions for each sample and group, added up over the samples. */
function batchedProduct(
  { emit }: Pullback,
  inner: string,
  { outputs, channels, positions, groups }: ProductShape,
): (tap: string) => string {
  const left = emit.reshape(inner, [-1, groups, outputs / groups, positions]);
  return (tap) => {
    const right = emit.reshape(tap, [-1, groups, channels, positions]);
    return emit.reduceSum(emit.op('MatMul', [left, emit.transpose(right, [0, 1, 3, 2])]), [0], false);
  };
}
