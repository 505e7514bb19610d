import type { Tensor } from '@unpair/graph';

import { convolution, depthwiseConvolution, transposedConvolution } from '../../channels-last/convolution.js';
import { activate, leakyRelu, prelu } from '../../channels-last/elementwise.js';
import { batchNormalization } from '../../channels-last/normalization.js';
import { pooling } from '../../channels-last/pooling.js';
import { transpose } from '../../channels-last/shaping.js';
import type { Value } from '../../channels-last/value.js';
import { CHANNELS_FIRST, CHANNELS_LAST } from '../../channels-last/value.js';
import type { Padding } from '../../channels-last/window.js';
import { fullyConnected } from './matrix-ops.js';
import type { NodeCall, OpWriter } from './node.js';

const isChannelsFirst = (call: NodeCall): boolean => call.text('data_format', 'NHWC') === 'NCHW';

/** Reads images in either data format; the operators here are written for [N,H,W,C]. */
function onImages(write: (call: NodeCall, images: Value) => Value, input = 0): OpWriter {
  return (call) => {
    const given = call.value(input);
    if (!isChannelsFirst(call) || given.shape.length !== 4) return write(call, given);
    const images = transpose(call.build, given, CHANNELS_LAST, call.place);
    return transpose(call.build, write(call, images), CHANNELS_FIRST, call.place);
  };
}

/** What an attribute says of rows and columns among all four axes. */
function spatial(call: NodeCall, name: string, fallback = 1): readonly [number, number] {
  const list = call.list(name);
  const [rows = fallback, columns = fallback] = isChannelsFirst(call) ? list.slice(2) : list.slice(1, 3);
  if (rows < 1 || columns < 1) throw call.error(`has ${name} ${list.join(', ')}, which must be at least 1`);
  return [rows, columns];
}

function paddingOf(call: NodeCall): Padding {
  const padding = call.text('padding', 'VALID');
  if (padding === 'SAME' || padding === 'VALID') return padding === 'SAME' ? 'same' : 'valid';
  const explicit = call.list('explicit_paddings');
  const at = isChannelsFirst(call) ? 4 : 2;
  const [top, bottom, left, right] = explicit.slice(at, at + 4);
  if (padding !== 'EXPLICIT' || top === undefined || bottom === undefined || left === undefined) {
    throw call.error(`has padding "${padding}"; SAME, VALID and EXPLICIT are supported`);
  }
  if (right === undefined || Math.min(...explicit) < 0)
    throw call.error(`has paddings ${explicit.join(', ')}`);
  return [top, left, bottom, right];
}

type Convolve = typeof convolution;

function convolve(call: NodeCall, images: Value, by: Convolve, bias?: Tensor<'float32'>): Value {
  return by(call.build, images, call.tensor(1), {
    place: call.place,
    bias,
    strides: spatial(call, 'strides'),
    dilations: spatial(call, 'dilations'),
    padding: paddingOf(call),
  });
}

/** TensorFlow's names of activations, by ours. */
const FUSED_ACTIVATIONS: Readonly<Record<string, string>> = {
  Relu: 'relu',
  Relu6: 'relu6',
  Elu: 'elu',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
};

/** A convolution or product with what the converter has fused behind it: `BiasAdd`, then an activation. */
function fused(write: (call: NodeCall, bias: Tensor<'float32'> | undefined) => Value): OpWriter {
  return (call) => {
    const [first, ...rest] = call.texts('fused_ops');
    const hasBias = first === 'BiasAdd';
    const operators = hasBias ? rest : first === undefined ? [] : [first, ...rest];
    const result = write(call, hasBias ? call.tensor(2) : undefined);
    return operators.reduce((value, operator) => fusedActivation(call, value, operator), result);
  };
}

function fusedActivation(call: NodeCall, value: Value, operator: string): Value {
  const { build, place } = call;
  if (operator === 'LeakyRelu') return leakyRelu(build, value, call.number('leakyrelu_alpha', 0.2));
  if (operator === 'Prelu') return prelu(call.build, value, call.value(3), call.place);
  const name = Object.hasOwn(FUSED_ACTIVATIONS, operator) ? FUSED_ACTIVATIONS[operator] : undefined;
  if (name !== undefined) return activate(build, value, name, place);
  throw call.error(`has fused operator "${operator}", which is not supported`);
}

const fusedConvolution = (by: Convolve): OpWriter =>
  fused((call, bias) => {
    const write = onImages((inner, images) => convolve(inner, images, by, bias));
    return write(call) as Value;
  });

/** Takes its output's shape, a kernel and an image. */
const convolutionBackpropInput = onImages((call, images) => {
  const result = transposedConvolution(call.build, images, call.tensor(1), {
    place: call.place,
    strides: spatial(call, 'strides'),
    dilations: spatial(call, 'dilations'),
    padding: paddingOf(call),
  });
  const wanted = call.sizes(0).slice(1, 3);
  if (wanted.some((size, axis) => size !== result.shape[axis + 1])) {
    throw call.error(
      `asks for images of ${wanted.join('×')}, where ${result.shape.slice(1, 3).join('×')} follow`,
    );
  }
  return result;
}, 2);

const poolingOf = (kind: 'max' | 'average'): OpWriter =>
  onImages((call, images) =>
    pooling(call.build, kind, images, {
      kernel: spatial(call, 'ksize'),
      strides: spatial(call, 'strides'),
      padding: paddingOf(call),
      place: call.place,
    }),
  );

const batchNorm = onImages((call, images) => {
  if (call.boolean('is_training')) throw call.error('is in training mode');
  const [scale, offset, mean, variance] = [1, 2, 3, 4].map((input) => call.tensor(input));
  if (mean === undefined || variance === undefined) throw call.error('lacks its statistics');
  const epsilon = call.number('epsilon', 1e-4);
  return batchNormalization(call.build, images, { scale, offset, mean, variance, epsilon }, call.place);
});

/** Operators that move a window over images, and what the converter fuses. */
export const convolutionOps: Readonly<Record<string, OpWriter>> = {
  Conv2D: onImages((call, images) => convolve(call, images, convolution)),
  DepthwiseConv2dNative: onImages((call, images) => convolve(call, images, depthwiseConvolution)),
  Conv2DBackpropInput: convolutionBackpropInput,
  _FusedConv2D: fusedConvolution(convolution),
  FusedDepthwiseConv2dNative: fusedConvolution(depthwiseConvolution),
  _FusedMatMul: fused(fullyConnected),
  MaxPool: poolingOf('max'),
  AvgPool: poolingOf('average'),
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
};
