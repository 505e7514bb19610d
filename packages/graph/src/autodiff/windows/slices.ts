import { int } from '../../graph.js';
import type { Emitter } from '../emitter.js';
import { padZeros } from '../rules/selection.js';
import type { WindowAxis } from './geometry.js';
import { tapsOf } from './geometry.js';

/**
 * What each tap of a window sees at all window positions: one strided slice [N,C,positions] a tap, in the order of
 * `tapsOf`. `padded` already has `begin` and `end` around it.
 */
export function sliceTaps(emit: Emitter, padded: string, axes: readonly WindowAxis[]): readonly string[] {
  const spatial = emit.vector(axes.map((_, axis) => axis + 2));
  const steps = emit.vector(axes.map(({ stride }) => stride));
  return tapsOf(axes).map((tap) => {
    const starts = axes.map(({ dilation }, axis) => (tap[axis] ?? 0) * dilation);
    const ends = axes.map(({ stride, count }, axis) => (starts[axis] ?? 0) + (count - 1) * stride + 1);
    return emit.op('Slice', [padded, emit.vector(starts), emit.vector(ends), spatial, steps]);
  });
}

/** Padding of an [N,C,...] value so that every window lies inside: all begins, then all ends. */
export function windowPads(axes: readonly WindowAxis[]): readonly number[] {
  return [
    ...[0, 0, ...axes.map(({ begin }) => begin)],
    ...[0, 0, ...axes.map(({ end }) => Math.max(end, 0))],
  ];
}

/**
 * The adjoint of `sliceTaps`: adds every tap's piece [N,C,positions] to the elements that the tap saw. Pieces whose
 * elements agree modulo the strides (their phase) are added on a grid of that phase; the phases are then interleaved.
 */
export function mergeTaps(
  emit: Emitter,
  pieces: readonly string[],
  axes: readonly WindowAxis[],
  channels: number,
): string {
  const grids = axes.map(({ size, begin, end, stride }) =>
    Math.ceil((size + begin + Math.max(end, 0)) / stride),
  );
  const phases = sumByPhase(emit, pieces, axes, grids);
  const strides = axes.map(({ stride }) => stride);
  const [only = '', another] = phases;
  const full =
    another === undefined
      ? only
      : interleave(emit, stack(emit, phases, channels, grids), channels, strides, grids);
  return crop(
    emit,
    full,
    axes.map(({ begin }) => begin),
    axes.map(({ size }) => size),
    grids.map((grid, axis) => grid * (strides[axis] ?? 1)),
  );
}

function sumByPhase(
  emit: Emitter,
  pieces: readonly string[],
  axes: readonly WindowAxis[],
  grids: readonly number[],
): readonly string[] {
  const sums = new Map<number, string>();
  tapsOf(axes).forEach((tap, index) => {
    const offsets = axes.map(({ dilation }, axis) => (tap[axis] ?? 0) * dilation);
    const phase = axes.reduce((flat, { stride }, axis) => flat * stride + ((offsets[axis] ?? 0) % stride), 0);
    const shifts = axes.map(({ stride }, axis) => Math.floor((offsets[axis] ?? 0) / stride));
    const rest = axes.map(({ count }, axis) => (grids[axis] ?? 0) - count - (shifts[axis] ?? 0));
    const placed = padZeros(emit, pieces[index] ?? '', [0, 0, ...shifts, 0, 0, ...rest]);
    const sum = sums.get(phase);
    sums.set(phase, sum === undefined ? placed : emit.add(sum, placed));
  });
  const [some = ''] = sums.values();
  const count = axes.reduce((product, { stride }) => product * stride, 1);
  return Array.from({ length: count }, (_, phase) => sums.get(phase) ?? zeros(emit, some));
}

/** Values [N,C,...] side by side as [N,C,values,...]. */
function stack(emit: Emitter, values: readonly string[], channels: number, grids: readonly number[]): string {
  const slabs = values.map((value) => emit.reshape(value, [-1, channels, 1, ...grids]));
  return emit.op('Concat', slabs, { axis: int(2) });
}

/** Zeros of another value's shape: the phase that no tap sees. */
function zeros(emit: Emitter, like: string): string {
  return emit.keepWhere(emit.constant({ dataType: 'bool', shape: [], data: Uint8Array.of(0) }), like);
}

/**
 * Spreads phases over space: [N, channels·phases, ...grids], a channel's phases together, becomes
 * [N, channels, ...grids·strides]. It is DepthToSpace for any number of axes, one axis at a time: onnxruntime is
 * several times faster at transpositions of few, long axes than at one of six.
 */
export function interleave(
  emit: Emitter,
  value: string,
  channels: number,
  strides: readonly number[],
  grids: readonly number[],
): string {
  const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);
  const sizes = grids.map((grid, axis) => grid * (strides[axis] ?? 1));
  const spread = grids.reduceRight((phases, _, axis) => {
    const stride = strides[axis] ?? 1;
    if (stride === 1) return phases;
    const parts = [-1, stride, product(grids.slice(0, axis + 1)), product(sizes.slice(axis + 1))];
    return emit.transpose(emit.reshape(phases, parts), [0, 2, 1, 3]);
  }, value);
  return emit.reshape(spread, [-1, channels, ...sizes]);
}

/** Elements `begins` to `begins + sizes` of the spatial axes, whose sizes are `full`. */
export function crop(
  emit: Emitter,
  value: string,
  begins: readonly number[],
  sizes: readonly number[],
  full: readonly number[],
): string {
  const cut = sizes.flatMap((size, axis) => (size === full[axis] ? [] : [axis]));
  if (cut.length === 0) return value;
  return emit.op('Slice', [
    value,
    emit.vector(cut.map((axis) => begins[axis] ?? 0)),
    emit.vector(cut.map((axis) => (begins[axis] ?? 0) + (sizes[axis] ?? 0))),
    emit.vector(cut.map((axis) => axis + 2)),
  ]);
}
