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
  const full = strides.every((stride) => stride === 1)
    ? (phases[0] ?? '')
    : interleave(emit, emit.op('Concat', phases, { axis: int(1) }), channels, strides, grids, 'phases first');
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

/** Zeros of another value's shape: the phase that no tap sees. */
function zeros(emit: Emitter, like: string): string {
  return emit.keepWhere(emit.constant({ dataType: 'bool', shape: [], data: Uint8Array.of(0) }), like);
}

/**
 * Spreads channels that hold the phases of a grid over space: [N, channels·phases, ...grids] → [N, channels, ...grids·strides].
 * (DepthToSpace, for any number of axes.)
 */
export function interleave(
  emit: Emitter,
  value: string,
  channels: number,
  strides: readonly number[],
  grids: readonly number[],
  order: 'phases first' | 'channels first',
): string {
  const rank = strides.length;
  const channelAxis = order === 'channels first' ? 1 : rank + 1;
  const phaseAxis = order === 'channels first' ? 2 : 1;
  const split = order === 'channels first' ? [channels, ...strides] : [...strides, channels];
  const parts = emit.reshape(value, [-1, ...split, ...grids]);
  const spatial = strides.flatMap((_, axis) => [rank + 2 + axis, phaseAxis + axis]);
  const mixed = emit.transpose(parts, [0, channelAxis, ...spatial]);
  return emit.reshape(mixed, [-1, channels, ...grids.map((grid, axis) => grid * (strides[axis] ?? 1))]);
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
