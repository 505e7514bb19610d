import type { Dim } from '../../graph.js';
import { int, string } from '../../graph.js';
import { int64 } from '../../tensor.js';
import type { Emitter } from '../emitter.js';
import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';
import { fromFront } from '../rule.js';

/** Operators that take part of a tensor, or put it into a larger one. */
export const selectionRules: RuleTable = { Slice: slice, Pad: pad };

/** Elements `start` to `end` along one axis. */
export function slicePiece(emit: Emitter, value: string, axis: number, start: number, end: number): string {
  return emit.op('Slice', [value, emit.vector([start]), emit.vector([end]), emit.vector([axis])]);
}

/** Zeros before and after along one axis. */
export function padAxis(
  emit: Emitter,
  value: string,
  rank: number,
  axis: number,
  before: number,
  after: number,
): string {
  const pads = Array.from({ length: 2 * rank }, () => 0);
  pads[axis] = before;
  pads[axis + rank] = after;
  return padZeros(emit, value, pads);
}

/** Zeros around; `pads` lists all begins and then all ends. Nothing is written where all are zero. */
export function padZeros(emit: Emitter, value: string, pads: readonly number[]): string {
  if (pads.every((amount) => amount === 0)) return value;
  return emit.op('Pad', [value, emit.vector(pads), emit.scalar(0)], { mode: string('constant') });
}

/** A slice with step 1 goes back by padding; with any other step each axis is filled by position. */
function slice(p: Pullback): InputAdjoints {
  const rank = p.shape(0).length;
  const starts = p.integers(1) ?? [];
  const axes = (p.integers(3) ?? starts.map((_, index) => index)).map((axis) => fromFront(axis, rank));
  const steps = p.integers(4) ?? starts.map(() => 1);
  let adjoint = p.dy;
  const pads = Array.from({ length: 2 * rank }, () => 0);
  axes.forEach((axis, index) => {
    const [size = 0, taken = 0] = p.sizes([p.shape(0)[axis] ?? 1, p.outputShape[axis] ?? 1]);
    const step = steps[index] ?? 1;
    const first = firstElement(starts[index] ?? 0, size, step);
    if (step === 1) {
      pads[axis] = first;
      pads[axis + rank] = size - first - taken;
    } else {
      p.limit(size);
      const positions = Array.from({ length: taken }, (_, count) => first + count * step);
      adjoint = scatter(p.emit, adjoint, p.outputShape, axis, positions, size);
    }
  });
  return [padZeros(p.emit, adjoint, pads)];
}

function firstElement(start: number, size: number, step: number): number {
  const from = start < 0 ? start + size : start;
  return Math.min(Math.max(from, 0), step > 0 ? size : size - 1);
}

/** The adjoint of padding is the inner part; negative pads, which crop, go back as padding. */
function pad(p: Pullback): InputAdjoints {
  const mode = p.string('mode', 'constant');
  if (mode !== 'constant') throw p.refuse(`its mode is "${mode}"; only "constant" can be`);
  if (p.optional(3) !== undefined) throw p.refuse('it names the axes to pad');
  const rank = p.shape(0).length;
  const pads = p.integers(1) ?? [];
  const begins = pads.slice(0, rank);
  const crops = begins.map((amount) => Math.max(amount, 0));
  const keeps = pads.slice(rank).map((amount) => Math.max(amount, 0));
  const cut = crops.flatMap((amount, axis) => (amount + (keeps[axis] ?? 0) > 0 ? [axis] : []));
  const inner =
    cut.length === 0
      ? p.dy
      : p.emit.op('Slice', [
          p.dy,
          p.emit.vector(cut.map((axis) => crops[axis] ?? 0)),
          // An end of -0 would mean the start: the largest index means the end, whatever the size.
          p.emit.vector(cut.map((axis) => -(keeps[axis] ?? 0) || END)),
          p.emit.vector(cut),
        ]);
  return [
    padZeros(
      p.emit,
      inner,
      pads.map((amount) => Math.max(-amount, 0)),
    ),
  ];
}

/** Beyond any index. */
const END = 2 ** 31 - 1;

/** Puts element i along `axis` at `positions[i]` (all different) of an axis of `size`, zeros elsewhere. */
export function scatter(
  emit: Emitter,
  value: string,
  shape: readonly Dim[],
  axis: number,
  positions: readonly number[],
  size: number,
): string {
  const zero = positions.length;
  const source = Array.from({ length: size }, () => zero);
  positions.forEach((position, index) => {
    source[position] = index;
  });
  const complete = positions.length === size;
  const padded = complete ? value : padAxis(emit, value, shape.length, axis, 0, 1);
  return emit.op('Gather', [padded, emit.constant(int64([size], source))], { axis: int(axis) });
}
