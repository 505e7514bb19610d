import type { Attributes, Dim, Tensor } from '@unpair/graph';
import { ModelError, addDims, int, ints, multiplyDims } from '@unpair/graph';

import type { ChannelsLastBuilder } from './builder.js';
import { permuted } from './permuted.js';
import { float32 } from '@unpair/graph';
import type { Value } from './value.js';
import type { Padding } from './window.js';
import { slideOver, windowAttributes } from './window.js';

/** What every convolution has. */
export interface ConvolutionOptions {
  /** How messages name it: `layer "conv1" (Conv2D)`. */
  readonly place: string;
  /** [O] */
  readonly bias?: Tensor<'float32'> | undefined;
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padding: Padding;
}

/**
 * Convolution of images [N,H,W,C] with a kernel [h,w,I,O]; in groups where the image has more channels than I.
 * @throws {ModelError} when kernel and image do not fit together.
 */
export function convolution(
  build: ChannelsLastBuilder,
  input: Value,
  kernel: Tensor<'float32'>,
  options: ConvolutionOptions,
): Value {
  const [, , perGroup = 0, out = 0] = kernel.shape;
  const channels = channelsOf(input, options.place);
  assertKernel(kernel, options.place);
  if (perGroup === 0 || channels % perGroup !== 0 || out % (channels / perGroup) !== 0) {
    throw misfit(options.place, kernel, input);
  }
  const weights = permuted(kernel, [3, 2, 0, 1]);
  return convolve(build, input, { weights, groups: channels / perGroup, options });
}

/** Convolution of each channel alone, with a kernel [h,w,C,M] that gives M channels for each of C. */
export function depthwiseConvolution(
  build: ChannelsLastBuilder,
  input: Value,
  kernel: Tensor<'float32'>,
  options: ConvolutionOptions,
): Value {
  const [height = 0, width = 0, channels = 0, multiplier = 0] = kernel.shape;
  assertKernel(kernel, options.place);
  if (channelsOf(input, options.place) !== channels) throw misfit(options.place, kernel, input);
  const { data } = permuted(kernel, [2, 3, 0, 1]);
  const weights = float32([channels * multiplier, 1, height, width], data);
  return convolve(build, input, { weights, groups: channels, options });
}

interface Weighted {
  /** [O,I,h,w] */
  readonly weights: Tensor<'float32'>;
  readonly groups: number;
  readonly options: ConvolutionOptions;
}

function convolve(build: ChannelsLastBuilder, input: Value, { weights, groups, options }: Weighted): Value {
  const { bias, place } = options;
  const [out = 0, , ...kernel] = weights.shape;
  const window = { kernel, ...options };
  const [batch = 'N'] = input.shape;
  const shape = [batch, ...slideOver(input.shape.slice(1, 3), window, place), out];
  const inputs = [build.channelsFirst(input), build.weight('kernel', weights)];
  if (bias !== undefined) inputs.push(build.weight('bias', biasOf(bias, out, place)));
  const attributes: Attributes = {
    ...windowAttributes(input.shape.slice(1, 3), window),
    dilations: ints(options.dilations),
    group: int(groups),
  };
  return build.node('Conv', inputs, { shape, order: 'channels-first' }, attributes);
}

/**
 * Transposed convolution with a kernel [h,w,O,I]. The result has I·stride rows and columns with padding `same`, and
 * with `valid` as many more as the kernel is larger than the stride.
 */
export function transposedConvolution(
  build: ChannelsLastBuilder,
  input: Value,
  kernel: Tensor<'float32'>,
  options: ConvolutionOptions,
): Value {
  const { bias, strides, padding, place } = options;
  assertKernel(kernel, place);
  const [height = 1, width = 1, out = 0, channels = 0] = kernel.shape;
  if (channelsOf(input, place) !== channels) throw misfit(place, kernel, input);
  if (typeof padding !== 'string' || options.dilations.some((dilation) => dilation !== 1)) {
    throw new ModelError(`${place} is a transposed convolution with explicit padding or dilations`);
  }
  const excess = [height - strides[0], width - strides[1]];
  const pads = excess.map((size) => (padding === 'same' ? Math.max(size, 0) : 0));
  const begins = pads.map((pad) => Math.floor(pad / 2));
  const attributes = {
    strides: ints(strides),
    pads: ints([...begins, ...pads.map((pad, axis) => pad - (begins[axis] ?? 0))]),
    output_padding: ints(excess.map((size) => Math.max(-size, 0))),
  };
  const [batch = 'N', ...sizes] = input.shape;
  const spatial = sizes.slice(0, 2).map((size, axis): Dim => {
    const rest = padding === 'same' ? 0 : Math.max(excess[axis] ?? 0, 0);
    return addDims(multiplyDims(size, strides[axis] ?? 1), rest);
  });
  const inputs = [build.channelsFirst(input), build.weight('kernel', permuted(kernel, [3, 2, 0, 1]))];
  if (bias !== undefined) inputs.push(build.weight('bias', biasOf(bias, out, place)));
  const shape = [batch, ...spatial, out];
  return build.node('ConvTranspose', inputs, { shape, order: 'channels-first' }, attributes);
}

/** Number of channels of an image. @throws {ModelError} when the value is none, or leaves them open. */
export function channelsOf({ shape }: Value, place: string): number {
  const [, , , channels] = shape;
  if (shape.length !== 4 || typeof channels !== 'number') {
    throw new ModelError(`${place} needs images [N,H,W,C] of known C, got [${shape.join(', ')}]`);
  }
  return channels;
}

function biasOf(bias: Tensor<'float32'>, channels: number, place: string): Tensor<'float32'> {
  if (bias.data.length === channels) return float32([channels], bias.data);
  throw new ModelError(`${place} has ${bias.data.length} biases for ${channels} channels`);
}

function assertKernel({ shape }: Tensor, place: string): void {
  if (shape.length === 4 && shape.every((size) => size > 0)) return;
  throw new ModelError(`${place} has a kernel of shape [${shape.join(', ')}], but needs [h,w,I,O]`);
}

function misfit(place: string, kernel: Tensor, input: Value): ModelError {
  return new ModelError(
    `${place} has a kernel of shape [${kernel.shape.join(', ')}], which does not fit its input [${input.shape.join(', ')}]`,
  );
}
