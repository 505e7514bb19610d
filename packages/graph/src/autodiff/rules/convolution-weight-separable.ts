import type { Dim } from '../../graph.js';
import { int } from '../../graph.js';
import type { Pullback } from '../rule.js';
import type { WindowAxis } from '../windows/geometry.js';
import type { WeightSides } from './weight-sides.js';
import { padZeros } from './selection.js';

/** Whether `separableWeightAdjoint` applies: an ordinary two-dimensional convolution that moves by single pixels. */
export function isSeparable(axes: readonly WindowAxis[], groups: number): boolean {
  return (
    groups === 1 &&
    axes.length === 2 &&
    axes.every(({ kernel, stride, dilation }) => kernel > 1 && stride === 1 && dilation === 1)
  );
}

/**
 * The weight adjoint of an ordinary convolution [M,C,h,w] with h + w shifted copies in place of h·w.
 *
 * dW[i,j] = Σ inner[y,x] · outer[y+i,x+j] = Σ inner[y'−i,x] · outer[y',x+j]: the rows may be shifted on one side and
 * the columns on the other. All row shifts of `inner` are stacked as channels, so each column shift of `outer` takes
 * one matrix product with M·h rows.
 */
export function separableWeightAdjoint(
  p: Pullback,
  { outer, inner, innerShape, weight, axes }: WeightSides,
): string {
  const { emit } = p;
  const [outputs = 1, channels = 1] = p.sizes(emit.shapeOf(weight).slice(0, 2));
  const [rows, columns] = axes as readonly [WindowAxis, WindowAxis];
  const positions = (rows.count + rows.kernel - 1) * columns.count;
  const stacked = emit.reshape(stackRowShifts(p, inner, innerShape, rows.kernel), [
    -1,
    outputs * rows.kernel,
    positions,
  ]);
  const pieces = Array.from({ length: columns.kernel }, (_, shift) => {
    const pads = [
      ...[0, 0, rows.begin, columns.begin - shift],
      ...[0, 0, rows.end, shift + columns.count - columns.begin - columns.size],
    ];
    const shifted = emit.reshape(padZeros(emit, outer, pads), [-1, channels, positions]);
    const product = emit.op('MatMul', [stacked, emit.transpose(shifted, [0, 2, 1])]);
    return emit.reshape(emit.reduceSum(product, [0], false), [outputs, rows.kernel, channels, 1]);
  });
  return emit.transpose(emit.op('Concat', pieces, { axis: int(3) }), [0, 2, 1, 3]);
}

/**
 * For each of `kernel` shifts i, `inner` [N,M,H,W] between i rows of zeros and kernel − 1 − i: one concatenation, in
 * which the zeros after one copy and before the next always make `kernel` rows.
 */
function stackRowShifts(p: Pullback, inner: string, shape: readonly Dim[], kernel: number): string {
  const { emit } = p;
  const gap = [shape[0] ?? 1, shape[1] ?? 1, kernel, shape[3] ?? 1];
  const zeros = emit.op('Expand', [emit.scalar(0), shapeVector(p, inner, gap)]);
  const parts = Array.from({ length: 2 * kernel - 1 }, (_, index) => (index % 2 === 0 ? inner : zeros));
  return emit.op('Concat', parts, { axis: int(2) });
}

/** `shape` as a vector; a batch size that is known only at run time is read off `like`. */
function shapeVector(p: Pullback, like: string, shape: readonly Dim[]): string {
  const { emit } = p;
  const [, ...rest] = p.sizes([1, ...shape.slice(1)]);
  const batch = shape[0] ?? 1;
  if (typeof batch === 'number') return emit.vector([batch, ...rest]);
  const size = emit.op('Slice', [
    emit.op('Shape', [like]),
    emit.vector([0]),
    emit.vector([1]),
    emit.vector([0]),
  ]);
  return emit.op('Concat', [size, emit.vector(rest)], { axis: int(0) });
}
