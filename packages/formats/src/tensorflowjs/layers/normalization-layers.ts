import type { Tensor } from '@unpair/graph';
import { float32 } from '@unpair/graph';

import { binary } from '../../channels-last/elementwise.js';
import { batchNormalization, layerNormalization } from '../../channels-last/normalization.js';
import { transpose } from '../../channels-last/shaping.js';
import type { Json } from '../json.js';
import type { LayerCall, LayerWriter } from './layer.js';
import { onlyInput, weightIf } from './layer.js';

/** Keras writes one axis as a number or as a list of one. */
function axisOf(json: Json, rank: number): number {
  const [only, another] = Array.isArray(json.value) ? json.list() : [json];
  const axis = only?.or((value) => value.integer(), -1) ?? -1;
  if (another !== undefined || axis >= rank || axis < -rank || axis === 0)
    throw json.unless('one axis of the input');
  return axis < 0 ? axis + rank : axis;
}

const batchNorm: LayerWriter = (call) => {
  const { build, config, weights, place } = call;
  const input = onlyInput(call);
  const rank = input.shape.length;
  const axis = axisOf(config.get('axis'), rank);
  const statistics = {
    scale: weightIf(call, 'scale', 'gamma'),
    offset: weightIf(call, 'center', 'beta'),
    mean: weights.get('moving_mean'),
    variance: weights.get('moving_variance'),
    epsilon: config.get('epsilon').or((json) => json.number(), 1e-3),
  };
  if (axis === rank - 1) return batchNormalization(build, input, statistics, place);
  // The axis goes to the end and back: a change of view for images with their channels first.
  const axes = [...input.shape.keys()];
  const last = [...axes.filter((at) => at !== axis), axis];
  const normalized = batchNormalization(build, transpose(build, input, last, place), statistics, place);
  return transpose(
    build,
    normalized,
    axes.map((at) => last.indexOf(at)),
    place,
  );
};

const layerNorm: LayerWriter = (call) => {
  const { build, config, place } = call;
  const input = onlyInput(call);
  const axis = axisOf(config.get('axis'), input.shape.length);
  if (axis !== input.shape.length - 1) throw config.get('axis').unless('the last axis');
  const epsilon = config.get('epsilon').or((json) => json.number(), 1e-3);
  const statistics = {
    scale: weightIf(call, 'scale', 'gamma'),
    offset: weightIf(call, 'center', 'beta'),
    epsilon,
  };
  return layerNormalization(build, input, statistics, place);
};

const rescaling: LayerWriter = (call) => {
  const { build, config, place } = call;
  const constant = (key: string, fallback: number): Tensor<'float32'> => numbers(config.get(key), fallback);
  const scaled = binary(build, 'Mul', onlyInput(call), build.constant('scale', constant('scale', 1)), place);
  return binary(build, 'Add', scaled, build.constant('offset', constant('offset', 0)), place);
};

function numbers(json: Json, fallback: number): Tensor<'float32'> {
  if (Array.isArray(json.value)) {
    const list = json.list().map((entry) => entry.number());
    return float32([list.length], list);
  }
  return float32([], [json.or((value) => value.number(), fallback)]);
}

/** Statistics of the data: in the config where they were given, otherwise learned and so among the weights. */
const normalization: LayerWriter = (call) => {
  const { build, place } = call;
  const mean = build.constant('mean', statistic(call, 'mean'));
  const deviation = Float32Array.from(statistic(call, 'variance').data, (v) => Math.max(Math.sqrt(v), 1e-7));
  const shape = statistic(call, 'variance').shape;
  const centred = binary(build, 'Sub', onlyInput(call), mean, place);
  const divisor = build.constant('deviation', float32(shape, deviation));
  return binary(build, 'Div', centred, divisor, place);
};

function statistic({ config, weights }: LayerCall, name: 'mean' | 'variance'): Tensor<'float32'> {
  const given = config.get(name);
  if (!given.present) return weights.get(name);
  return numbers(innermost(given), 0);
}

/** Keras writes the statistics with the input's leading axes, all of size 1. */
function innermost(json: Json): Json {
  const [only, another] = Array.isArray(json.value) ? json.list() : [];
  return only !== undefined && another === undefined && Array.isArray(only.value) ? innermost(only) : json;
}

/** Layers that shift and scale. */
export const normalizationLayers: Readonly<Record<string, LayerWriter>> = {
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  Rescaling: rescaling,
  Normalization: normalization,
};
