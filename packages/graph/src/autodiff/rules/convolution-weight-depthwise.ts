import { int, ints } from '../../graph.js';
import type { Pullback } from '../rule.js';
import { crop } from '../windows/slices.js';
import type { WeightSides } from './weight-sides.js';

/** Whether `depthwiseWeightAdjoint` applies: each filter sees one channel, and the batch is known. */
export function isDepthwise(p: Pullback, { innerShape, weight, groups }: WeightSides): boolean {
  return groups > 1 && p.emit.shapeOf(weight)[1] === 1 && typeof innerShape[0] === 'number';
}

/**
 * The weight adjoint of a depthwise convolution [M,1,...] as one depthwise convolution: every sample's channels stand
 * side by side, the adjoint of the result is their filter, and stride and dilation change places. Samples are summed
 * afterwards.
 */
export function depthwiseWeightAdjoint(p: Pullback, sides: WeightSides): string {
  const { emit } = p;
  const { outer, inner, innerShape, weight, axes, groups } = sides;
  const [batch = 1] = p.sizes(innerShape.slice(0, 1));
  const [outputs = 1] = p.sizes(emit.shapeOf(weight).slice(0, 1));
  const kernel = axes.map((axis) => axis.kernel);
  const taps = emit.op(
    'Conv',
    [
      emit.reshape(outer, [1, batch * groups, ...axes.map(({ size }) => size)]),
      emit.reshape(inner, [batch * outputs, 1, ...axes.map(({ count }) => count)]),
    ],
    {
      strides: ints(axes.map(({ dilation }) => dilation)),
      dilations: ints(axes.map(({ stride }) => stride)),
      pads: ints([...axes.map(({ begin }) => begin), ...axes.map(({ end }) => Math.max(end, 0))]),
      kernel_shape: ints(axes.map(({ count }) => count)),
      group: int(batch * groups),
    },
  );
  // Elements that no window reads make room for more positions than there are taps.
  const positions = axes.map((axis) => axis.kernel + Math.floor(Math.max(-axis.end, 0) / axis.dilation));
  const exact = crop(
    emit,
    taps,
    axes.map(() => 0),
    kernel,
    positions,
  );
  return emit.reduceSum(emit.reshape(exact, [batch, outputs, 1, ...kernel]), [0], false);
}
