import type { Graph, QuantizeOptions } from '@unpair/graph';
import { quantize } from '@unpair/graph';
import type { Parameters } from '../attacks/attack.js';
import { choiceOf, numberOf } from '../attacks/parameters.js';
import { RANGE_METHODS, calibrate } from './calibration.js';
import type { SiblingDefinition, SiblingRequest } from './sibling.js';

const GRANULARITIES = ['channel', 'tensor'] as const;
const SCHEMES = ['asymmetric', 'symmetric'] as const;

/**
 * Integer quantization after training (Jacob et al., CVPR 2018; Krishnamoorthi, arXiv:1806.08342), as standard tools
 * write it.
 */
export const quantizeSibling: SiblingDefinition<'quantize'> = {
  name: 'quantize',
  description: 'Integer quantization after training, as published on-device models are.',
  parameters: {
    weights: { type: 'integer', min: 2, max: 8, default: 8, description: 'Bits of a weight.' },
    activations: { type: 'integer', min: 2, max: 8, default: 8, description: 'Bits of an activation.' },
    granularity: {
      type: 'choice',
      choices: GRANULARITIES,
      default: 'channel',
      description: 'Whether weights have a scale for each output channel, or one for the tensor.',
    },
    scheme: {
      type: 'choice',
      choices: SCHEMES,
      default: 'asymmetric',
      description:
        'Whether ranges have a zero point, or lie around 0. Weights with channel scales always do.',
    },
    calibration: {
      type: 'integer',
      min: 1,
      default: 512,
      description: 'Training samples that the ranges of activations are measured on.',
    },
    ranges: {
      type: 'choice',
      choices: RANGE_METHODS,
      default: 'min-max',
      description:
        'How ranges are chosen: all of it, all but one in 10,000, or where the squared error is least.',
    },
  },
  derive: quantizeModel,
};

/**
 * Quantizes a model with ranges measured on the first `calibration` samples.
 * @throws {ModelError} when the graph cannot be quantized
 * @throws {RobustnessError} when the samples are too few or of the wrong size
 */
export async function quantizeModel(request: SiblingRequest): Promise<Graph> {
  const { graph, runtime, samples, parameters, signal } = request;
  const options = quantizeOptions(parameters);
  const ranges = await calibrate(graph, {
    runtime,
    samples,
    count: numberOf(parameters, 'calibration'),
    method: choiceOf(parameters, 'ranges', RANGE_METHODS),
    rounding: { bits: options.activationBits, scheme: options.scheme },
    signal,
  });
  return quantize(graph, ranges, options);
}

function quantizeOptions(parameters: Parameters): Required<QuantizeOptions> {
  return {
    weightBits: numberOf(parameters, 'weights'),
    activationBits: numberOf(parameters, 'activations'),
    granularity: choiceOf(parameters, 'granularity', GRANULARITIES),
    scheme: choiceOf(parameters, 'scheme', SCHEMES),
    // A channel has too few weights for a percentile.
    weightRanges: choiceOf(parameters, 'ranges', RANGE_METHODS) === 'mse' ? 'mse' : 'min-max',
  };
}
