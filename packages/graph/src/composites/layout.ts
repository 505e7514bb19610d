import type { Dim } from '../graph.js';
import { int } from '../graph.js';
import { codeOfDataType } from '../data-types.js';
import type { Emitter } from '../autodiff/emitter.js';
import type { NodeView } from '../autodiff/node-view.js';
import { fromFront } from '../autodiff/rule.js';
import { int64 } from '../tensor.js';
import type { Decompositions } from './composite.js';

/** Most copies that a Tile may make along one axis. */
const MOST_COPIES = 4096;

/** Operators that repeat, mirror or mask elements. */
export const layoutDecompositions: Decompositions = {
  Tile: (c) => [tile(c)],
  Pad: pad,
  Trilu: (c) => [triangle(c)],
  CastLike: (c) => [
    c.emit.op('Cast', [c.x], { to: int(codeOfDataType(c.emit.typeOf(c.input(1)).dataType)) }),
  ],
};

/** Takes elements at constant `indices` along one axis. */
export function take(emit: Emitter, value: string, axis: number, indices: readonly number[]): string {
  return emit.op('Gather', [value, emit.constant(int64([indices.length], indices))], { axis: int(axis) });
}

function tile(c: NodeView): string {
  return (c.integers(1) ?? []).reduce((value, count, axis) => {
    if (count < 1 || count > MOST_COPIES) {
      throw c.refuse(`it repeats axis ${axis} ${count} times, allowed are 1 to ${MOST_COPIES}`);
    }
    const copies = Array.from({ length: count }, () => value);
    return count === 1 ? value : c.emit.op('Concat', copies, { axis: int(axis) });
  }, c.x);
}

/** Where elements behind the edge of an axis of `size` are taken from. */
const SOURCES: Readonly<Record<string, (position: number, size: number) => number>> = {
  edge: (position, size) => Math.min(Math.max(position, 0), size - 1),
  reflect: (position, size) => {
    const period = Math.max(2 * (size - 1), 1);
    const folded = ((position % period) + period) % period;
    return folded < size ? folded : period - folded;
  },
  wrap: (position, size) => ((position % size) + size) % size,
};

function pad(c: NodeView): readonly string[] | undefined {
  const mode = c.string('mode', 'constant');
  const rank = c.shape(0).length;
  const axes = (c.integers(3) ?? c.shape(0).map((_, axis) => axis)).map((axis) => fromFront(axis, rank));
  if (mode === 'constant') return c.optional(3) === undefined ? undefined : [spelledOut(c, axes, rank)];
  const source = SOURCES[mode];
  if (source === undefined) throw c.refuse(`its mode is "${mode}"`);
  const pads = c.integers(1) ?? [];
  const padded = axes.reduce((value, axis, i) => {
    const [before, after] = [pads[i] ?? 0, pads[i + axes.length] ?? 0];
    if (before === 0 && after === 0) return value;
    const [size = 1] = c.sizes(c.shape(0).slice(axis, axis + 1));
    c.limit(size + before + after);
    const indices = Array.from({ length: size + before + after }, (_, at) => source(at - before, size));
    return take(c.emit, value, axis, indices);
  }, c.x);
  return [padded];
}

/** The same padding with the amounts for all axes. */
function spelledOut(c: NodeView, axes: readonly number[], rank: number): string {
  const pads = c.integers(1) ?? [];
  const all = Array.from({ length: 2 * rank }, () => 0);
  axes.forEach((axis, i) => {
    all[axis] = pads[i] ?? 0;
    all[axis + rank] = pads[i + axes.length] ?? 0;
  });
  const value = c.optional(2);
  return c.emit.op('Pad', [c.x, c.emit.vector(all), ...(value === undefined ? [] : [value])]);
}

/** Keeps a triangle of each matrix, by a constant mask. */
function triangle(c: NodeView): string {
  const [rows = 1, columns = 1] = c.sizes(c.shape(0).slice(-2));
  const diagonal = c.integers(1)?.[0] ?? 0;
  const isUpper = c.int('upper', 1) === 1;
  c.limit(rows * columns);
  const mask = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const offset = (i % columns) - Math.floor(i / columns);
    return (isUpper ? offset >= diagonal : offset <= diagonal) ? 1 : 0;
  });
  const shape: readonly number[] = [rows, columns];
  return c.emit.keepWhere(c.emit.constant({ dataType: 'bool', shape, data: mask }), c.x);
}

/** A shape as Reshape takes it; undefined when more than one size is known only at run time. */
export function writableShape(shape: readonly Dim[]): readonly number[] | undefined {
  if (shape.filter((dim) => typeof dim === 'string').length > 1) return undefined;
  return shape.map((dim) => (typeof dim === 'number' ? dim : -1));
}
