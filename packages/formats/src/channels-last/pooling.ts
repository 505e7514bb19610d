import { ModelError, int, ints } from '@unpair/graph';

import type { ChannelsLastBuilder } from './builder.js';
import { channelsOf } from './convolution.js';
import type { Value } from './value.js';
import { heldAxis } from './value.js';
import type { Window } from './window.js';
import { slideOver, windowAttributes } from './window.js';

/** Largest or mean value under a window that moves over rows and columns; padding does not enter the mean. */
export function pooling(
  build: ChannelsLastBuilder,
  kind: 'max' | 'average',
  input: Value,
  window: Window & { readonly place: string },
): Value {
  const channels = channelsOf(input, window.place);
  const [batch = 'N', ...sizes] = input.shape;
  const spatial = sizes.slice(0, 2);
  const shape = [batch, ...slideOver(spatial, window, window.place), channels];
  return build.node(
    kind === 'max' ? 'MaxPool' : 'AveragePool',
    [build.channelsFirst(input)],
    { shape, order: 'channels-first' },
    windowAttributes(spatial, window),
  );
}

/**
 * Mean or largest value over axes of the file; over rows and columns that is global pooling.
 * @throws {ModelError} for axes that the value does not have.
 */
export function reduction(
  build: ChannelsLastBuilder,
  kind: 'max' | 'mean',
  input: Value,
  { axes, keepDims, place }: { axes: readonly number[]; keepDims: boolean; place: string },
): Value {
  const rank = input.shape.length;
  const over = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  if (
    over.some((axis, i) => !Number.isInteger(axis) || axis < 0 || axis >= rank || over.indexOf(axis) !== i)
  ) {
    throw new ModelError(`${place} reduces axes ${axes.join(', ')} of an input of ${rank} dimensions`);
  }
  const isSpatial = rank === 4 && over.join() === '1,2';
  const order = rank === 4 && (keepDims || isSpatial) ? input.order : 'written';
  const shape = input.shape.flatMap((dim, axis) => (over.includes(axis) ? (keepDims ? [1] : []) : [dim]));
  const pools = isSpatial && order === 'channels-first';
  const held = { shape, order: keepDims ? order : ('written' as const) };
  if (pools && keepDims) return build.node(GLOBAL_POOLS[kind], [input.name], held);
  if (pools) {
    const pooled = build.node(GLOBAL_POOLS[kind], [input.name], held);
    return build.node('Flatten', [pooled.name], held, { axis: int(1) });
  }
  const held4 = over.map((axis) => heldAxis({ order }, axis));
  const attributes = { axes: ints(held4), keepdims: int(keepDims ? 1 : 0) };
  return build.node(kind === 'max' ? 'ReduceMax' : 'ReduceMean', [build.in(order, input)], held, attributes);
}

const GLOBAL_POOLS = { max: 'GlobalMaxPool', mean: 'GlobalAveragePool' } as const;
