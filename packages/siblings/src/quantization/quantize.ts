import type { Graph, QuantizeOptions } from '@unpair/graph';
import { applyQuantization, chooseScales } from '@unpair/graph';
import type { Parameters } from '@unpair/parameters';
import { choiceOf, numberOf } from '@unpair/parameters';
import { fineTune } from '@unpair/training';
import { firstImages } from '@unpair/training';
import { RANGE_METHODS, calibrate } from './calibration.js';
import { finetuneParameters, scheduleOf, trainingDemand } from '@unpair/training';
import type { SiblingDefinition, SiblingRequest } from '@unpair/training';
import { trainThroughRounding } from './through-rounding.js';

const PREFIX = 'finetune.';
const GRANULARITIES = ['channel', 'tensor'] as const;
const SCHEMES = ['asymmetric', 'symmetric'] as const;

/**
 * Integer quantization after training (Jacob et al., CVPR 2018; Krishnamoorthi, arXiv:1806.08342), as standard tools
 * write it, and optionally fine-tuning through the rounding, whose derivative is taken to be 1.
 */
export const quantizeSibling: SiblingDefinition<'quantize'> = {
  name: 'quantize',
  maker: 'publisher',
  rounding: 'adds',
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
    ...finetuneParameters(PREFIX, { epochs: 0, rate: 0.0003, batch: 64, samples: 10_000 }),
  },
  trains: (parameters) => numberOf(parameters, `${PREFIX}epochs`) > 0,
  demand: (parameters) => {
    const calibration = numberOf(parameters, 'calibration');
    const training = trainingDemand(PREFIX, parameters);
    const wanted = Math.max(calibration, training.wanted);
    return training.needed > calibration
      ? { ...training, wanted }
      : { needed: calibration, parameter: 'calibration', wanted };
  },
  derive: quantizeModel,
};

/**
 * Quantizes a model with ranges measured on the first `calibration` samples, and fine-tunes it where that is asked for.
 * @throws {ModelError} when the graph cannot be quantized, or not be differentiated where it is to be fine-tuned
 * @throws {UnpairError} when the samples are too few or of the wrong size, or fine-tuning collapses
 */
export async function quantizeModel(request: SiblingRequest): Promise<Graph> {
  const { graph, runtime, samples, parameters, seed, signal } = request;
  const options = quantizeOptions(parameters);
  const count = numberOf(parameters, 'calibration');
  const ranges = await calibrate(graph, {
    runtime,
    samples: firstImages(samples, count),
    count,
    method: choiceOf(parameters, 'ranges', RANGE_METHODS),
    rounding: { bits: options.activationBits, scheme: options.scheme },
    signal,
  });
  const quantization = chooseScales(graph, ranges, options);
  const schedule = scheduleOf(PREFIX, parameters, seed, samples, 'adam');
  if (schedule === undefined) return applyQuantization(quantization);
  const tuned = await trainThroughRounding(quantization, (rounded) =>
    fineTune({ ...request, ...rounded, schedule }),
  );
  return applyQuantization(tuned);
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
