import type { Tensor } from '@unpair/graph';
import { ModelError, float32 } from '@unpair/graph';

import {
  activate,
  binary,
  clip,
  leakyRelu,
  prelu,
  scalar,
  softmax,
} from '../../channels-last/elementwise.js';
import type { BinaryOperator } from '../../channels-last/elementwise.js';
import { float } from '@unpair/graph';
import { concatenate, flatten, reshape, transpose } from '../../channels-last/shaping.js';
import type { Value } from '../../channels-last/value.js';
import { CHANNELS_LAST } from '../../channels-last/value.js';
import type { LayerWriter } from './layer.js';
import { activationName, isChannelsFirst, onlyInput, weightIf } from './layer.js';

const dense: LayerWriter = (call) => {
  const { build, weights, config, place } = call;
  const input = onlyInput(call);
  const kernel = weights.get('kernel');
  const [units = 0, out = 0] = kernel.shape;
  if (kernel.shape.length !== 2 || input.shape.at(-1) !== units) {
    throw new ModelError(
      `${place} has a kernel of shape [${kernel.shape.join(', ')}], which does not fit its input [${input.shape.join(', ')}]`,
    );
  }
  const bias = weightIf(call, 'use_bias', 'bias') ?? zeros(out);
  if (bias.data.length !== out)
    throw new ModelError(`${place} has ${bias.data.length} biases for ${out} units`);
  const result = { shape: [...input.shape.slice(0, -1), out], order: 'written' as const };
  const data = build.written(input);
  const sum =
    input.shape.length === 2
      ? build.node('Gemm', [data, build.weight('kernel', kernel), build.weight('bias', bias)], result)
      : binary(
          build,
          'Add',
          build.node('MatMul', [data, build.weight('kernel', kernel)], result),
          build.constant('bias', bias),
          place,
        );
  return activate(build, sum, activationName(config.get('activation')), place);
};

const zeros = (size: number): Tensor<'float32'> => float32([size], new Float32Array(size));

const relu: LayerWriter = (call) => {
  const { build, config } = call;
  const input = onlyInput(call);
  const most = config.get('max_value').or((json) => json.number(), Infinity);
  const slope = config.get('negative_slope').or((json) => json.number(), 0);
  const threshold = config.get('threshold').or((json) => json.number(), 0);
  if (threshold !== 0) throw config.get('threshold').unless('0');
  const positive = slope === 0 ? build.unary('Relu', input) : leakyRelu(build, input, slope);
  if (most === Infinity) return positive;
  return slope === 0
    ? clip(build, input, 0, most)
    : binary(build, 'Min', positive, scalar(build, most), call.place);
};

const leaky: LayerWriter = (call) =>
  leakyRelu(
    call.build,
    onlyInput(call),
    call.config.either('alpha', 'negative_slope').or((json) => json.number(), 0.3),
  );

const elu: LayerWriter = (call) =>
  call.build.unary('Elu', onlyInput(call), {
    alpha: float(call.config.get('alpha').or((json) => json.number(), 1)),
  });

const learntSlope: LayerWriter = (call) => {
  const { build, weights, place } = call;
  return prelu(build, onlyInput(call), build.constant('alpha', weights.get('alpha')), place);
};

const softmaxLayer: LayerWriter = (call) =>
  softmax(
    call.build,
    onlyInput(call),
    call.config.get('axis').or((json) => json.integer(), -1),
  );

/** Combines all inputs, from the first on. */
const merging =
  (op: BinaryOperator): LayerWriter =>
  ({ build, inputs, place }) => {
    const [first, ...others] = inputs;
    if (first === undefined || others.length === 0) {
      throw new ModelError(`${place} has ${inputs.length} inputs, but needs at least two`);
    }
    return others.reduce((sum, value) => binary(build, op, sum, value, place), first);
  };

const average: LayerWriter = (call) => {
  const { build, inputs, place } = call;
  return binary(build, 'Mul', merging('Add')(call), scalar(build, 1 / inputs.length), place);
};

const subtract: LayerWriter = (call) => {
  if (call.inputs.length !== 2) {
    throw new ModelError(`${call.place} has ${call.inputs.length} inputs instead of two`);
  }
  return merging('Sub')(call);
};

const concatenation: LayerWriter = ({ build, inputs, config, place }) =>
  concatenate(
    build,
    inputs,
    config.get('axis').or((json) => json.integer(), -1),
    place,
  );

const flattening: LayerWriter = (call) => {
  const input = onlyInput(call);
  // Keras flattens images in channels-first format as if they were not.
  const turns = isChannelsFirst(call) && input.shape.length === 4;
  const images = turns ? transpose(call.build, input, CHANNELS_LAST, call.place) : input;
  return flatten(call.build, images, call.place);
};

const reshaping: LayerWriter = (call) => {
  const { build, config, place } = call;
  const target = config
    .get('target_shape')
    .list()
    .map((dim) => (dim.present ? dim.integer(-1) : -1));
  const input = onlyInput(call);
  return reshape(build, input, [input.shape[0] ?? 'N', ...target], place);
};

const permuting: LayerWriter = (call) => {
  const axes = call.config
    .get('dims')
    .list()
    .map((dim) => dim.integer(1));
  return transpose(call.build, onlyInput(call), [0, ...axes], call.place);
};

const passing: LayerWriter = (call): Value => onlyInput(call);

const activation: LayerWriter = (call) =>
  activate(call.build, onlyInput(call), activationName(call.config.get('activation')), call.place);

/** Layers on features, activations, and layers that join branches. */
export const coreLayers: Readonly<Record<string, LayerWriter>> = {
  Dense: dense,
  Activation: activation,
  ReLU: relu,
  LeakyReLU: leaky,
  ELU: elu,
  PReLU: learntSlope,
  Softmax: softmaxLayer,
  Add: merging('Add'),
  Multiply: merging('Mul'),
  Maximum: merging('Max'),
  Minimum: merging('Min'),
  Subtract: subtract,
  Average: average,
  Concatenate: concatenation,
  Flatten: flattening,
  Reshape: reshaping,
  Permute: permuting,
  Dropout: passing,
  SpatialDropout2D: passing,
  GaussianNoise: passing,
  GaussianDropout: passing,
  AlphaDropout: passing,
  ActivityRegularization: passing,
};
