import type { Dim } from '@unpair/graph';
import { ModelError, float32, int, int64, ints, multiplyDims, string } from '@unpair/graph';

import type { ChannelsLastBuilder } from './builder.js';
import type { Value } from './value.js';
import { CHANNELS_FIRST, heldAxis, inHeldOrder } from './value.js';

/**
 * The same elements in another shape, in which −1 stands for what is left.
 * @throws {ModelError} when the elements do not fit.
 */
export function reshape(
  build: ChannelsLastBuilder,
  input: Value,
  target: readonly Dim[],
  place: string,
): Value {
  const shape = resolve(input.shape, target, place);
  if (shape.length === input.shape.length && shape.every((dim, axis) => dim === input.shape[axis]))
    return input;
  // Without rows and columns both orders are the same in memory.
  const data = isPixel(input.shape) ? input.name : build.written(input);
  const order = isPixel(shape) ? 'channels-first' : 'written';
  const sizes = inHeldOrder({ order }, shape).map((dim) => (typeof dim === 'number' ? dim : -1));
  if (sizes.filter((size) => size < 0).length > 1) {
    throw new ModelError(`${place} leaves more than one size of [${shape.join(', ')}] open`);
  }
  const list = build.weight('shape', int64([sizes.length], sizes));
  return build.node('Reshape', [data, list], { shape, order });
}

/** [N, …] → [N, product of the rest]. */
export function flatten(build: ChannelsLastBuilder, input: Value, place: string): Value {
  const [batch = 'N', ...rest] = input.shape;
  return reshape(build, input, [batch, rest.reduce(multiplyDims, 1)], place);
}

const isPixel = (shape: readonly Dim[]): boolean => shape.length === 4 && shape[1] === 1 && shape[2] === 1;

function resolve(from: readonly Dim[], to: readonly Dim[], place: string): readonly Dim[] {
  const misfit = (): ModelError =>
    new ModelError(`${place} cannot turn shape [${from.join(', ')}] into [${to.join(', ')}]`);
  const [have, want] = [sizeAndNames(from), sizeAndNames(to.filter((dim) => dim !== -1))];
  const names = have.names.filter((name) => !want.names.includes(name));
  const open = to.filter((dim) => dim === -1).length;
  if (open > 1 || want.names.some((name) => !have.names.includes(name)) || names.length > 1) throw misfit();
  if (open === 0 && (names.length > 0 || have.size !== want.size)) throw misfit();
  if (open === 0) return to;
  const left = have.size / want.size;
  if (!Number.isInteger(left)) throw misfit();
  const [name] = names;
  return to.map((dim) => (dim === -1 ? (name === undefined ? left : multiplyDims(left, name)) : dim));
}

function sizeAndNames(shape: readonly Dim[]): { size: number; names: readonly string[] } {
  const sizes = shape.filter((dim) => typeof dim === 'number');
  return {
    size: sizes.reduce((product, size) => product * size, 1),
    names: shape.filter((dim) => typeof dim === 'string'),
  };
}

/** Axes in another order: axis i of the result is axis `order[i]` of the input. Images may only change their name. */
export function transpose(
  build: ChannelsLastBuilder,
  input: Value,
  axes: readonly number[],
  place: string,
): Value {
  const rank = input.shape.length;
  if (axes.length !== rank || input.shape.some((_, axis) => !axes.includes(axis))) {
    throw new ModelError(`${place} orders the axes of [${input.shape.join(', ')}] as ${axes.join(', ')}`);
  }
  const shape = axes.map((axis) => input.shape[axis] ?? 1);
  const held = inHeldOrder(input, [...axes.keys()]).map((axis) => axes.indexOf(axis));
  if (held.every((axis, i) => axis === i)) return { name: input.name, shape, order: 'written' };
  if (rank === 4 && held.join() === CHANNELS_FIRST.join()) {
    return { name: input.name, shape, order: 'channels-first' };
  }
  return build.node('Transpose', [build.written(input)], { shape, order: 'written' }, { perm: ints(axes) });
}

/** Values one behind the other along an axis. @throws {ModelError} when they differ elsewhere. */
export function concatenate(
  build: ChannelsLastBuilder,
  values: readonly Value[],
  axis: number,
  place: string,
): Value {
  const [first] = values;
  const rank = first?.shape.length ?? 0;
  const along = axis < 0 ? axis + rank : axis;
  const fits = values.every(
    ({ shape }) =>
      shape.length === rank && shape.every((dim, at) => at === along || dim === first?.shape[at]),
  );
  const sizes = values.map(({ shape }) => shape[along]);
  if (first === undefined || !fits || !sizes.every((size) => typeof size === 'number')) {
    const shapes = values.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
    throw new ModelError(`${place} cannot concatenate ${shapes || 'nothing'} along axis ${axis}`);
  }
  const order = values.find((value) => value.order === 'channels-first')?.order ?? 'written';
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const shape = first.shape.map((dim, at) => (at === along ? total : dim));
  const inputs = values.map((value) => build.in(order, value));
  return build.node('Concat', inputs, { shape, order }, { axis: int(heldAxis({ order }, along)) });
}

/** Elements to add before and behind each axis. */
export type Pads = readonly (readonly [before: number, after: number])[];

/** Adds a border of `value`, or of what it mirrors. @throws {ModelError} for pads that do not fit the input. */
export function pad(
  build: ChannelsLastBuilder,
  input: Value,
  pads: Pads,
  { mode = 'constant', value = 0, place }: { mode?: 'constant' | 'reflect'; value?: number; place: string },
): Value {
  if (pads.length !== input.shape.length || pads.flat().some((size) => size < 0)) {
    throw new ModelError(`${place} pads [${input.shape.join(', ')}] by ${JSON.stringify(pads)}`);
  }
  if (pads.flat().every((size) => size === 0)) return input;
  const shape = input.shape.map((dim, axis) => {
    const [before, after] = pads[axis] ?? [0, 0];
    if (typeof dim === 'number') return dim + before + after;
    if (before + after === 0) return dim;
    throw new ModelError(`${place} pads an axis of open size in [${input.shape.join(', ')}]`);
  });
  const held = inHeldOrder(input, pads);
  const list = [...held.map(([before]) => before), ...held.map(([, after]) => after)];
  const inputs = [input.name, build.weight('pads', int64([list.length], list))];
  if (mode === 'constant') inputs.push(build.weight('border', float32([], [value])));
  return build.node('Pad', inputs, { shape, order: input.order }, { mode: string(mode) });
}

/** What to keep of one axis: every `step`-th element from `start` up to `end`, which is not among them. */
export interface Span {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Cuts a block out of a value. @throws {ModelError} when nothing is left, or the axis is of open size. */
export function crop(build: ChannelsLastBuilder, input: Value, spans: readonly Span[], place: string): Value {
  const shape = input.shape.map((dim, axis) => {
    const span = spans.find((candidate) => candidate.axis === axis);
    if (span === undefined) return dim;
    const left = Math.ceil((span.end - span.start) / span.step);
    if (typeof dim !== 'number' || left < 1 || span.start < 0 || span.end > dim) {
      throw new ModelError(
        `${place} takes ${span.start} to ${span.end} of axis ${axis} of [${input.shape.join(', ')}]`,
      );
    }
    return left;
  });
  if (spans.length === 0) return input;
  const list = (values: readonly number[]): string => build.weight('span', int64([values.length], values));
  const inputs = [
    input.name,
    list(spans.map(({ start }) => start)),
    list(spans.map(({ end }) => end)),
    list(spans.map(({ axis }) => heldAxis(input, axis))),
    list(spans.map(({ step }) => step)),
  ];
  return build.node('Slice', inputs, { shape, order: input.order });
}
