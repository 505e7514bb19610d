import type { Tensor } from '@unpair/graph';
import { ModelError, float, float32 } from '@unpair/graph';

import type { ChannelsLastBuilder } from './builder.js';
import { binary, scalar } from './elementwise.js';
import { reduction } from './pooling.js';
import type { Value } from './value.js';

/** Statistics of a batch normalization, each [C]; scale and offset may be absent. */
export interface Statistics {
  readonly mean: Tensor<'float32'>;
  readonly variance: Tensor<'float32'>;
  readonly scale?: Tensor<'float32'> | undefined;
  readonly offset?: Tensor<'float32'> | undefined;
  readonly epsilon: number;
}

/** (x − mean) / √(variance + epsilon) · scale + offset over the last axis. */
export function batchNormalization(
  build: ChannelsLastBuilder,
  input: Value,
  { mean, variance, scale, offset, epsilon }: Statistics,
  place: string,
): Value {
  const channels = input.shape.at(-1);
  const size = mean.data.length;
  const lists = [scale ?? filled(size, 1), offset ?? filled(size, 0), mean, variance];
  if (lists.some(({ data }) => data.length !== channels)) {
    throw new ModelError(
      `${place} has statistics of ${lists.map(({ data }) => data.length).join(', ')} channels for an input of ${channels ?? 'none'}`,
    );
  }
  if (input.shape.length === 4 || input.shape.length === 2) {
    const image = input.shape.length === 4;
    const data = image ? build.channelsFirst(input) : build.written(input);
    const order = image ? 'channels-first' : 'written';
    const weights = lists.map((list) => build.weight('norm', float32([size], list.data)));
    return build.node(
      'BatchNormalization',
      [data, ...weights],
      { shape: input.shape, order },
      { epsilon: float(epsilon) },
    );
  }
  const factor = Float32Array.from(variance.data, (v, c) => (scale?.data[c] ?? 1) / Math.sqrt(v + epsilon));
  const shift = Float32Array.from(factor, (f, c) => (offset?.data[c] ?? 0) - (mean.data[c] ?? 0) * f);
  const product = binary(build, 'Mul', input, build.constant('scale', float32([size], factor)), place);
  return binary(build, 'Add', product, build.constant('shift', float32([size], shift)), place);
}

/** Normalization over the last axis of each sample (Ba et al. 2016), then scale and offset [C] where there are any. */
export function layerNormalization(
  build: ChannelsLastBuilder,
  input: Value,
  {
    scale,
    offset,
    epsilon,
  }: { scale?: Tensor<'float32'> | undefined; offset?: Tensor<'float32'> | undefined; epsilon: number },
  place: string,
): Value {
  const over = { axes: [-1], keepDims: true, place };
  const centred = binary(build, 'Sub', input, reduction(build, 'mean', input, over), place);
  const variance = reduction(build, 'mean', binary(build, 'Mul', centred, centred, place), over);
  const deviation = build.unary('Sqrt', binary(build, 'Add', variance, scalar(build, epsilon), place));
  let result = binary(build, 'Div', centred, deviation, place);
  if (scale !== undefined) result = binary(build, 'Mul', result, build.constant('scale', scale), place);
  if (offset !== undefined) result = binary(build, 'Add', result, build.constant('offset', offset), place);
  return result;
}

function filled(size: number, value: number): Tensor<'float32'> {
  return float32([size], new Float32Array(size).fill(value));
}
