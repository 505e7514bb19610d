import type { Dim } from '../../graph.js';
import { int, string } from '../../graph.js';
import { float32, int64 } from '../../tensor.js';
import type { Emitter } from '../emitter.js';
import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';
import { fromFront } from '../rule.js';

/** Operators that take part of a tensor, or put it into a larger one. */
export const selectionRules: RuleTable = { Slice: slice, Pad: pad, Gather: gather, TopK: topK };

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

/**
 * Constant indices: a selection without repeats goes back by position; with repeats the rows that came from one
 * element are summed, by a product with the 0/1 matrix of the selection.
 */
function gather(p: Pullback): InputAdjoints {
  const { emit } = p;
  const shape = p.shape(0);
  const axis = fromFront(p.int('axis', 0), shape.length);
  const [size = 1] = p.sizes([shape[axis] ?? 1]);
  const positions = (p.integers(1) ?? []).map((index) => fromFront(index, size));
  const before = shape.slice(0, axis);
  const after = shape.slice(axis + 1);
  const rows: readonly Dim[] = [...before, positions.length, ...after];
  const flat = p.shape(1).length === 1 ? p.dy : emit.reshape(p.dy, writeShape(p, rows));
  if (new Set(positions).size === positions.length) {
    return [scatter(emit, flat, rows, axis, positions, size)];
  }
  p.limit(size * positions.length);
  const columns = p.sizes(after).reduce((product, dim) => product * dim, 1);
  const matrix = emit.reshape(flat, [-1, positions.length, columns]);
  const summed = emit.op('MatMul', [selectionMatrix(emit, positions, size), matrix]);
  return [emit.reshapeLike(summed, p.x)];
}

/** Every chosen element gets its own adjoint: the mask of [..., chosen, candidates] is summed over the chosen. */
function topK(p: Pullback): InputAdjoints {
  const { emit } = p;
  const rank = p.outputShape.length;
  if (fromFront(p.int('axis', -1), rank) !== rank - 1) throw p.refuse('its axis is not the last');
  const [size = 1] = p.sizes(p.shape(0).slice(-1));
  p.limit(size);
  const candidates = emit.vector(Array.from({ length: size }, (_, index) => index));
  const chosen = emit.unsqueeze(p.node.outputs[1] ?? '', [rank]);
  const mask = emit.op('Equal', [chosen, candidates]);
  const spread = emit.keepWhere(mask, emit.unsqueeze(p.dy, [rank]));
  return [emit.reduceSum(spread, [rank - 1], false)];
}

/** Puts element i along `axis` at `positions[i]` (all different) of an axis of `size`, zeros elsewhere. */
function scatter(
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

/** S[j, i] = 1 where row i was taken from element j: [size, rows]. */
function selectionMatrix(emit: Emitter, positions: readonly number[], size: number): string {
  const entries = new Float32Array(size * positions.length);
  positions.forEach((position, row) => {
    entries[position * positions.length + row] = 1;
  });
  const shape = [size, positions.length];
  return emit.constant(
    emit.dataType === 'float64'
      ? { dataType: 'float64', shape, data: Float64Array.from(entries) }
      : float32(shape, entries),
  );
}

function writeShape(p: Pullback, shape: readonly Dim[]): readonly number[] {
  if (shape.filter((dim) => typeof dim === 'string').length > 1) {
    throw p.refuse('more than one of its sizes is known only at run time');
  }
  return shape.map((dim) => (typeof dim === 'number' ? dim : -1));
}
