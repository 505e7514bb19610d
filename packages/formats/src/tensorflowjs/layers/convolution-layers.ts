import type { Tensor } from '@unpair/graph';
import { ModelError } from '@unpair/graph';

import type { ConvolutionOptions } from '../../channels-last/convolution.js';
import { convolution, depthwiseConvolution, transposedConvolution } from '../../channels-last/convolution.js';
import { activate } from '../../channels-last/elementwise.js';
import { pooling, reduction } from '../../channels-last/pooling.js';
import { transpose } from '../../channels-last/shaping.js';
import type { Value } from '../../channels-last/value.js';
import { CHANNELS_FIRST, CHANNELS_LAST } from '../../channels-last/value.js';
import type { Json } from '../json.js';
import type { LayerCall, LayerWriter } from './layer.js';
import { activationName, isChannelsFirst, onlyInput, pair, weightIf } from './layer.js';

/** Reads images in either data format: a layer is written for [N,H,W,C], the other format is another view of it. */
export function onImages(write: (call: LayerCall, images: Value) => Value): LayerWriter {
  return (call) => {
    const input = onlyInput(call);
    if (!isChannelsFirst(call)) return write(call, input);
    if (input.shape.length !== 4) {
      throw new ModelError(`${call.place} needs images [N,C,H,W], got [${input.shape.join(', ')}]`);
    }
    const images = write(call, transpose(call.build, input, CHANNELS_LAST, call.place));
    return images.shape.length === 4 ? transpose(call.build, images, CHANNELS_FIRST, call.place) : images;
  };
}

function paddingOf(json: Json): 'same' | 'valid' {
  const padding = json.or((text) => text.string().toLowerCase(), 'valid');
  if (padding === 'same' || padding === 'valid') return padding;
  throw json.unless('"same" or "valid"');
}

function convolutionOptions(call: LayerCall, bias = weightIf(call, 'use_bias', 'bias')): ConvolutionOptions {
  const { config, place } = call;
  return {
    place,
    bias,
    strides: pair(config.get('strides')),
    dilations: pair(config.get('dilation_rate')),
    padding: paddingOf(config.get('padding')),
  };
}

type Convolve = typeof convolution;

/** A convolution with one kernel, and the activation behind it. */
function convolving(convolve: Convolve, kernelOf: (call: LayerCall) => Tensor<'float32'>): LayerWriter {
  return onImages((call, images) => {
    const result = convolve(call.build, images, kernelOf(call), convolutionOptions(call));
    return activate(call.build, result, activationName(call.config.get('activation')), call.place);
  });
}

const separable = onImages((call, images) => {
  const { build, weights, place, config } = call;
  const options = convolutionOptions(call);
  const depthwise = depthwiseConvolution(build, images, weights.get('depthwise_kernel'), {
    ...options,
    bias: undefined,
  });
  const result = convolution(build, depthwise, weights.get('pointwise_kernel'), {
    place,
    bias: options.bias,
    ...{ strides: [1, 1], dilations: [1, 1], padding: 'valid' },
  });
  return activate(build, result, activationName(config.get('activation')), place);
});

const poolingLayer = (kind: 'max' | 'average'): LayerWriter =>
  onImages(({ build, config, place }, images) => {
    const kernel = pair(config.get('pool_size'), [2, 2]);
    const strides = pair(config.get('strides'), kernel);
    return pooling(build, kind, images, {
      kernel,
      strides,
      padding: paddingOf(config.get('padding')),
      place,
    });
  });

const globalPooling = (kind: 'max' | 'mean'): LayerWriter =>
  onImages(({ build, config, place }, images) => {
    const keepDims = config.either('keepdims', 'keep_dims').or((json) => json.boolean(), false);
    if (images.shape.length !== 4) {
      throw new ModelError(`${place} needs images [N,H,W,C], got [${images.shape.join(', ')}]`);
    }
    return reduction(build, kind, images, { axes: [1, 2], keepDims, place });
  });

/** Layers that move a window over images. */
export const convolutionLayers: Readonly<Record<string, LayerWriter>> = {
  Conv2D: convolving(convolution, ({ weights }) => weights.get('kernel')),
  DepthwiseConv2D: convolving(
    depthwiseConvolution,
    ({ weights }) => weights.find('depthwise_kernel') ?? weights.get('kernel'),
  ),
  Conv2DTranspose: convolving(transposedConvolution, ({ weights }) => weights.get('kernel')),
  SeparableConv2D: separable,
  MaxPooling2D: poolingLayer('max'),
  AveragePooling2D: poolingLayer('average'),
  GlobalMaxPooling2D: globalPooling('max'),
  GlobalAveragePooling2D: globalPooling('mean'),
};
