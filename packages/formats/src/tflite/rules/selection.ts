import { int, string } from '@unpair/graph';

import type { Operation, Rules } from '../operation.js';
import { activate } from './activation.js';

/** Fields of the options, by their numbers in schema.fbs. */
const CONCATENATION = { axis: 0, activation: 1 } as const;
const PACK = { axis: 1 } as const;
const STRIDED_SLICE = { beginMask: 0, endMask: 1, ellipsisMask: 2, newAxisMask: 3, shrinkMask: 4 } as const;

/** `MirrorPadMode`: without the border element, or with it. */
const REFLECT = 0;

/** Operators that take values apart or put them together. */
export const selectionRules: Rules = {
  CONCATENATION: concatenation,
  SPLIT: (o) => split(o, { value: 1, axis: 0 }),
  SPLIT_V: (o) => split(o, { value: 0, axis: 2 }),
  PACK: pack,
  UNPACK: unpack,
  SLICE: slice,
  STRIDED_SLICE: stridedSlice,
  PAD: (o) => o.emit('Pad', [o.input(0), pads(o)]),
  PADV2: padWith,
  MIRROR_PAD: (o) => {
    if (o.choice(0) !== REFLECT) throw o.refuse('has mode SYMMETRIC, supported is REFLECT');
    return o.emit('Pad', [o.input(0), pads(o)], { mode: string('reflect') });
  },
};

function concatenation(o: Operation): string {
  const axis = o.axis(o.int(CONCATENATION.axis), o.shape(0).length, true);
  const parts = Array.from({ length: o.inputCount }, (_, i) => o.input(i));
  return activate(o, CONCATENATION.activation, o.emit('Concat', parts, { axis: int(axis) }));
}

/** Into parts of the sizes that the file says its outputs have. */
function split(o: Operation, { value, axis: axisInput }: { value: number; axis: number }): readonly string[] {
  const [given = 0] = o.integers(axisInput, 'axis');
  const axis = o.axis(given, o.shape(value).length, o.isBatched(value));
  const sizes = Array.from({ length: o.outputCount }, (_, i) => o.outputShape(i)[axis] ?? 0);
  const inputs = [o.input(value), o.vector(sizes)];
  return o.emitMany('Split', inputs, o.outputCount, { axis: int(axis) });
}

function pack(o: Operation): string {
  const axis = o.axis(o.int(PACK.axis), o.shape(0).length + 1, true);
  const parts = Array.from({ length: o.inputCount }, (_, i) =>
    o.emit('Unsqueeze', [o.input(i), o.vector([axis])]),
  );
  return o.emit('Concat', parts, { axis: int(axis) });
}

function unpack(o: Operation): readonly string[] {
  const axis = o.axis(o.int(PACK.axis), o.shape(0).length, o.isBatched(0));
  const sizes = Array.from({ length: o.outputCount }, () => 1);
  const parts = o.emitMany('Split', [o.input(0), o.vector(sizes)], o.outputCount, { axis: int(axis) });
  return parts.map((part) => o.emit('Squeeze', [part, o.vector([axis])]));
}

/** What is kept of one axis. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Keeps a span of each axis. The batch is kept whole. */
function crop(o: Operation, spans: readonly Span[]): string {
  const [batch = 1] = o.shape(0);
  const [first] = spans;
  if (o.isBatched(0) && (first?.start !== 0 || first.end < batch || first.step !== 1)) {
    throw o.refuse('takes a part of the batch, which is not supported');
  }
  const kept = spans.flatMap((span, axis) =>
    span.start === 0 && span.step === 1 && span.end >= (o.shape(0)[axis] ?? 0) ? [] : [{ ...span, axis }],
  );
  if (kept.length === 0) return o.input(0);
  return o.emit('Slice', [
    o.input(0),
    o.vector(kept.map(({ start }) => start)),
    o.vector(kept.map(({ end }) => end)),
    o.vector(kept.map(({ axis }) => axis)),
    o.vector(kept.map(({ step }) => step)),
  ]);
}

/** Inputs: a value, where to begin on each axis, and how much to take; −1 is all the rest. */
function slice(o: Operation): string {
  const shape = o.shape(0);
  const [begins, sizes] = [o.integers(1, 'begin'), o.integers(2, 'size')];
  if (begins.length !== shape.length || sizes.length !== shape.length || begins.some((begin) => begin < 0)) {
    throw o.refuse(`takes [${sizes.join(', ')}] from [${begins.join(', ')}] of [${shape.join(', ')}]`);
  }
  return crop(
    o,
    shape.map((dim, axis) => {
      const [start = 0, size = 0] = [begins[axis], sizes[axis]];
      return { start, end: size === -1 ? dim : start + size, step: 1 };
    }),
  );
}

/** As in NumPy, `x[begin:end:step]`, with a bit for each axis that is taken whole, from either end, or at one index. */
function stridedSlice(o: Operation): string {
  const shape = o.shape(0);
  const [begins, ends, steps] = [o.integers(1, 'begin'), o.integers(2, 'end'), o.integers(3, 'strides')];
  if (o.int(STRIDED_SLICE.ellipsisMask) !== 0 || o.int(STRIDED_SLICE.newAxisMask) !== 0) {
    throw o.refuse('has an ellipsis or a new axis, which are not supported');
  }
  if ([begins, ends, steps].some((list) => list.length !== begins.length || list.length > shape.length)) {
    throw o.refuse('has begins, ends and strides that do not belong together');
  }
  if (steps.includes(0)) throw o.refuse('has a stride of 0');
  const isSet = (field: number, axis: number): boolean => ((o.int(field) >> axis) & 1) === 1;
  const spans = shape.map((dim, axis): Span => {
    const [begin = 0, end = dim, step = 1] = [begins[axis], ends[axis], steps[axis]];
    const start = clamp(begin, dim);
    if (isSet(STRIDED_SLICE.shrinkMask, axis)) return { start, end: start + 1, step: 1 };
    const backwards = step < 0;
    return {
      start: isSet(STRIDED_SLICE.beginMask, axis) ? (backwards ? dim - 1 : 0) : start,
      // Beyond the front, which a plain −1 would not be.
      end: isSet(STRIDED_SLICE.endMask, axis) ? (backwards ? -dim - 1 : dim) : clamp(end, dim),
      step,
    };
  });
  const shrunk = shape.flatMap((_, axis) => (isSet(STRIDED_SLICE.shrinkMask, axis) ? [axis] : []));
  if (o.isBatched(0) && shrunk.includes(0)) throw o.refuse('drops the batch, which is not supported');
  const result = crop(o, spans);
  return shrunk.length === 0 ? result : o.emit('Squeeze', [result, o.vector(shrunk)]);
}

function clamp(index: number, size: number): number {
  return Math.min(Math.max(index < 0 ? index + size : index, 0), size);
}

/** Rows of before and after become all befores, then all afters. */
function pads(o: Operation): string {
  const rank = o.shape(0).length;
  const list = o.integers(1, 'paddings');
  if (list.length !== 2 * rank || list.some((size) => size < 0)) {
    throw o.refuse(`has paddings [${list.join(', ')}] for ${rank} dimensions`);
  }
  if (o.isBatched(0) && (list[0] !== 0 || list[1] !== 0))
    throw o.refuse('pads the batch, which is not supported');
  return o.vector([...list.filter((_, i) => i % 2 === 0), ...list.filter((_, i) => i % 2 === 1)]);
}

/** A border of a constant, one real number. */
function padWith(o: Operation): string {
  if (o.shape(2).some((dim) => dim !== 1)) throw o.refuse('pads with more than one number');
  const border = o.emit('Reshape', [o.input(2), o.vector([])]);
  return o.emit('Pad', [o.input(0), pads(o), border]);
}
