import { int, ints } from '../../graph.js';
import { int64 } from '../../tensor.js';
import type { Emitter } from '../emitter.js';
import type { Pullback } from '../rule.js';
import type { WindowAxis } from '../windows/geometry.js';
import { crop, interleave } from '../windows/slices.js';
import { padAxis } from './selection.js';

/**
 * The adjoint of a convolution's input, as a convolution with stride 1: the fast path of every runtime.
 *
 * Element x[p] was seen by tap k at position o where p + begin = stride·o + dilation·k. Elements with the same
 * phase p mod stride see the same taps, so each phase is an ordinary convolution of `dy` with its own few taps.
 * They are computed together, as channels, and interleaved. With stride 1 there is one phase, whose filter is the
 * flipped one.
 */
export function inputAdjoint(
  p: Pullback,
  dy: string,
  weight: string,
  axes: readonly WindowAxis[],
  groups: number,
): string {
  const { emit } = p;
  const plans = axes.map(axes.every(({ stride }) => stride === 1) ? planDense : planPhases);
  const [outputs = 1, perGroup = 1] = p.sizes(emit.shapeOf(weight).slice(0, 2));
  const channels = perGroup * groups;
  const filter = phaseFilter(emit, weight, [groups, outputs / groups, perGroup], axes, plans);
  const cropped = crop(
    emit,
    dy,
    plans.map(({ begin }) => Math.max(-begin, 0)),
    axes.map(
      ({ count }, axis) => count + Math.min(plans[axis]?.begin ?? 0, 0) + Math.min(plans[axis]?.end ?? 0, 0),
    ),
    axes.map(({ count }) => count),
  );
  const phases = emit.op('Conv', [cropped, filter], {
    strides: ints(axes.map(() => 1)),
    dilations: ints(plans.map(({ dilation }) => dilation)),
    pads: ints([
      ...plans.map(({ begin }) => Math.max(begin, 0)),
      ...plans.map(({ end }) => Math.max(end, 0)),
    ]),
    kernel_shape: ints(plans.map(({ taps }) => taps)),
    group: int(groups),
  });
  if (plans.every(({ stride }) => stride === 1)) return phases;
  const strides = plans.map(({ stride }) => stride);
  const grids = plans.map(({ grid }) => grid);
  return crop(
    emit,
    interleave(emit, phases, channels, strides, grids),
    axes.map(() => 0),
    axes.map(({ size }) => size),
    grids.map((grid, axis) => grid * (strides[axis] ?? 1)),
  );
}

/** How one axis of the adjoint is convolved. */
interface AxisPlan {
  /** Number of phases. */
  readonly stride: number;
  readonly dilation: number;
  /** Taps of each phase's filter. */
  readonly taps: number;
  /** Padding of the adjoint; negative where its ends are not needed. */
  readonly begin: number;
  readonly end: number;
  /** Elements of each phase. */
  readonly grid: number;
  /** The original tap behind each tap of each phase, phases one after another; `kernel` stands for none. */
  readonly source: readonly number[];
}

/** Stride 1: the taps in reverse, their dilation kept. */
function planDense({ kernel, dilation, begin, end, size }: WindowAxis): AxisPlan {
  const reach = (kernel - 1) * dilation;
  return {
    stride: 1,
    dilation,
    taps: kernel,
    begin: reach - begin,
    end: reach - end,
    grid: size,
    source: Array.from({ length: kernel }, (_, tap) => kernel - 1 - tap),
  };
}

/** Any stride: tap k reaches phase r from the element (r + begin - dilation·k) / stride away, where that is whole. */
function planPhases({ kernel, stride, dilation, begin, size, count }: WindowAxis): AxisPlan {
  const reaches = Array.from({ length: stride }, (_, phase) =>
    Array.from({ length: kernel }, (__, tap) => ({
      tap,
      distance: (phase + begin - dilation * tap) / stride,
    })).filter(({ distance }) => Number.isInteger(distance)),
  );
  const distances = reaches.flat().map(({ distance }) => distance);
  const [nearest, farthest] = [Math.min(...distances), Math.max(...distances)];
  const taps = farthest - nearest + 1;
  const source = reaches.flatMap((reach) => {
    const sources = Array.from({ length: taps }, () => kernel);
    for (const { tap, distance } of reach) sources[distance - nearest] = tap;
    return sources;
  });
  const grid = Math.ceil(size / stride);
  return { stride, dilation: 1, taps, begin: -nearest, end: grid + farthest - count, grid, source };
}

/** The filters of all phases: [g·O, C, kernel] → [g·C·phases, O, taps], where O and C are counted per group. */
function phaseFilter(
  emit: Emitter,
  weight: string,
  [groups, outputs, channels]: readonly [number, number, number],
  axes: readonly WindowAxis[],
  plans: readonly AxisPlan[],
): string {
  const rank = axes.length;
  const arranged = plans.reduce((value, plan, axis) => {
    const kernel = axes[axis]?.kernel ?? 1;
    return selectTaps(emit, value, axis + 2, rank + 2, kernel, plan.source);
  }, weight);
  const sizes = plans.map(({ taps }) => taps);
  if (plans.every(({ stride }) => stride === 1)) {
    // Few and long axes: runtimes are several times slower at transpositions of many.
    const taps = sizes.reduce((product, size) => product * size, 1);
    const flat = emit.reshape(arranged, [groups, outputs, channels, ...(taps === 1 ? [] : [taps])]);
    const turned = emit.transpose(flat, taps === 1 ? [0, 2, 1] : [0, 2, 1, 3]);
    return emit.reshape(turned, [groups * channels, outputs, ...sizes]);
  }
  const split = plans.flatMap(({ stride, taps }) => [stride, taps]);
  const parts = emit.reshape(arranged, [groups, outputs, channels, ...split]);
  const phaseAxes = plans.map((_, axis) => 3 + 2 * axis);
  const turned = emit.transpose(parts, [0, 2, ...phaseAxes, 1, ...phaseAxes.map((axis) => axis + 1)]);
  const phases = plans.reduce((product, { stride }) => product * stride, 1);
  return emit.reshape(turned, [groups * channels * phases, outputs, ...sizes]);
}

/** Picks taps along one axis of a filter; index `kernel` picks a zero. */
function selectTaps(
  emit: Emitter,
  weight: string,
  axis: number,
  rank: number,
  kernel: number,
  source: readonly number[],
): string {
  if (source.length === kernel && source.every((tap, index) => tap === index)) return weight;
  const padded = source.includes(kernel) ? padAxis(emit, weight, rank, axis, 0, 1) : weight;
  return emit.op('Gather', [padded, emit.constant(int64([source.length], source))], { axis: int(axis) });
}
