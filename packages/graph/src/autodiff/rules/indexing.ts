import { codeOfDataType } from '../../data-types.js';
import type { Dim } from '../../graph.js';
import { int } from '../../graph.js';
import { float32, int64 } from '../../tensor.js';
import type { Emitter } from '../emitter.js';
import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';
import { fromFront } from '../rule.js';
import { padZeros, scatter } from './selection.js';

/** Operators that pick or place elements by numbers, which may be computed at run time. */
export const indexingRules: RuleTable = {
  Gather: gather,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  TopK: topK,
  // What was summed from the front comes back summed from the end.
  CumSum: (p) => [
    p.emit.op('CumSum', [p.dy, p.input(1)], {
      exclusive: int(p.int('exclusive', 0)),
      reverse: int(1 - p.int('reverse', 0)),
    }),
  ],
};

/**
 * A selection without repeats that is known beforehand goes back by position; else the rows that came from one element
 * are summed, by a product with the 0/1 matrix of the selection.
 */
function gather(p: Pullback): InputAdjoints {
  const { emit } = p;
  const shape = p.shape(0);
  const axis = fromFront(p.int('axis', 0), shape.length);
  const [size = 1] = p.sizes([shape[axis] ?? 1]);
  const positions = emit.numbersOf(p.input(1))?.map((index) => fromFront(index, size));
  const count = positions?.length ?? p.sizes(p.shape(1)).reduce((product, dim) => product * dim, 1);
  const before = shape.slice(0, axis);
  const after = shape.slice(axis + 1);
  const rows: readonly Dim[] = [...before, count, ...after];
  const flat = p.shape(1).length === 1 ? p.dy : emit.reshape(p.dy, writeShape(p, rows));
  if (positions !== undefined && new Set(positions).size === count) {
    return [scatter(emit, flat, rows, axis, positions, size)];
  }
  p.limit(size * count);
  const columns = p.sizes(after).reduce((product, dim) => product * dim, 1);
  const matrix = emit.reshape(flat, [-1, count, columns]);
  const selection =
    positions === undefined ? computedSelection(p, count, size) : selectionMatrix(emit, positions, size);
  return [emit.reshapeLike(emit.op('MatMul', [selection, matrix]), p.x)];
}

/** Each element that was picked hands its adjoint to the place that it came from. */
function gatherElements(p: Pullback): InputAdjoints {
  const rank = p.outputShape.length;
  const axis = fromFront(p.int('axis', 0), rank);
  const [size = 1] = p.sizes([p.shape(0)[axis] ?? 1]);
  const adjoint = spread(p, fromStart(p, p.input(1), size), axis, size);
  // Along other axes fewer elements may be picked from than there are.
  const missing = p.shape(0).map((dim, i) => {
    const picked = p.outputShape[i] ?? 1;
    if (i === axis || dim === picked) return 0;
    const [all = 0, some = 0] = p.sizes([dim, picked]);
    return all - some;
  });
  return [padZeros(p.emit, adjoint, [...missing.map(() => 0), ...missing])];
}

/** What was overwritten has no part in the result; what was written has that of its place. */
function scatterElements(p: Pullback): InputAdjoints {
  if (p.string('reduction', 'none') !== 'none') throw p.refuse('it reduces what meets in one place');
  const { emit, dy } = p;
  const axis = { axis: int(p.int('axis', 0)) };
  return [
    p.when(0, () => emit.op('ScatterElements', [dy, p.input(1), zerosLike(emit, p.input(2))], axis)),
    undefined,
    p.when(2, () => emit.op('GatherElements', [dy, p.input(1)], axis)),
  ];
}

/** The same for whole slices; where the written ones come from must be known beforehand. */
function scatterND(p: Pullback): InputAdjoints {
  if (p.string('reduction', 'none') !== 'none') throw p.refuse('it reduces what meets in one place');
  const { emit, dy } = p;
  return [
    p.when(0, () => emit.op('ScatterND', [dy, p.input(1), zerosLike(emit, p.input(2))])),
    undefined,
    p.when(2, () => {
      const depth = Number(p.shape(1).at(-1) ?? 1);
      const lead = p.sizes(p.shape(0).slice(0, depth));
      const places = flatPlaces(p.integers(1) ?? [], lead);
      const [total, rest] = [lead.reduce((product, size) => product * size, 1), p.shape(0).slice(depth)];
      const slices = emit.reshape(dy, writeShape(p, [total, ...rest]));
      const picked = emit.op('Gather', [slices, emit.constant(int64([places.length], places))], {
        axis: int(0),
      });
      return emit.reshapeLike(picked, p.input(2));
    }),
  ];
}

/** Every chosen element gets its own adjoint. */
function topK(p: Pullback): InputAdjoints {
  const rank = p.outputShape.length;
  if (fromFront(p.int('axis', -1), rank) !== rank - 1) throw p.refuse('its axis is not the last');
  const [size = 1] = p.sizes(p.shape(0).slice(-1));
  return [spread(p, p.node.outputs[1] ?? '', rank - 1, size)];
}

/** Adds what was chosen to the candidates along `axis`: the mask of [..., chosen, candidates, ...] is summed. */
function spread(p: Pullback, chosen: string, axis: number, size: number): string {
  const { emit } = p;
  p.limit(size);
  const behind = p.outputShape.length - 1 - axis;
  const shape = [size, ...Array.from({ length: behind }, () => 1)];
  const numbers = Array.from({ length: size }, (_, index) => index);
  const candidates = emit.constant(int64(shape, numbers));
  const mask = emit.op('Equal', [emit.unsqueeze(chosen, [axis + 1]), candidates]);
  return emit.reduceSum(emit.keepWhere(mask, emit.unsqueeze(p.dy, [axis + 1])), [axis], false);
}

/** Indices as int64, counted from the front. */
function fromStart({ emit }: Pullback, indices: string, size: number): string {
  const wide = emit.op('Cast', [indices], { to: int(codeOfDataType('int64')) });
  const [zero, length] = [0, size].map((value) => emit.constant(int64([], [value])));
  const fromEnd = emit.op('Less', [wide, zero ?? '']);
  return emit.op('Where', [fromEnd, emit.add(wide, length ?? ''), wide]);
}

/** S[j, i] = 1 where row i was taken from element j, [size, rows], of indices that are computed. */
function computedSelection(p: Pullback, rows: number, size: number): string {
  const { emit } = p;
  const chosen = emit.reshape(fromStart(p, p.input(1), size), [rows]);
  const candidates = emit.constant(
    int64(
      [size, 1],
      Array.from({ length: size }, (_, index) => index),
    ),
  );
  return emit.keepWhere(emit.op('Equal', [candidates, chosen]), emit.scalar(1));
}

/** The same of indices that are known beforehand. */
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

/** Index tuples into the first axes, of the given sizes, as numbers of the slices in their order. */
function flatPlaces(indices: readonly number[], sizes: readonly number[]): readonly number[] {
  return Array.from({ length: indices.length / sizes.length }, (_, row) =>
    sizes.reduce(
      (place, size, axis) => place * size + fromFront(indices[row * sizes.length + axis] ?? 0, size),
      0,
    ),
  );
}

function zerosLike(emit: Emitter, value: string): string {
  return emit.keepWhere(emit.constant({ dataType: 'bool', shape: [], data: Uint8Array.of(0) }), value);
}

function writeShape(p: Pullback, shape: readonly Dim[]): readonly number[] {
  if (shape.filter((dim) => typeof dim === 'string').length > 1) {
    throw p.refuse('more than one of its sizes is known only at run time');
  }
  return shape.map((dim) => (typeof dim === 'number' ? dim : -1));
}
