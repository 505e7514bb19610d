import type { Graph } from '@unpair/graph';
import { observeRanges, quantize } from '@unpair/graph';
import { numberOf } from '../attacks/parameters.js';
import { calibrate } from './calibration.js';
import type { SiblingDefinition, SiblingRequest } from './sibling.js';

/**
 * Integer quantization after training (Jacob et al., CVPR 2018; Krishnamoorthi, arXiv:1806.08342): weights symmetric
 * for each output channel, activations asymmetric in the range that the calibration samples span.
 */
export const quantizeSibling: SiblingDefinition<'quantize'> = {
  name: 'quantize',
  description: 'Integer quantization after training, as published on-device models are.',
  parameters: {
    weights: { type: 'integer', min: 2, max: 8, default: 8, description: 'Bits of a weight.' },
    activations: { type: 'integer', min: 2, max: 8, default: 8, description: 'Bits of an activation.' },
    calibration: {
      type: 'integer',
      min: 1,
      default: 512,
      description: 'Training samples that the ranges of activations are measured on.',
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
  const observed = observeRanges(graph);
  const executable = await runtime.load(observed.graph);
  try {
    const count = numberOf(parameters, 'calibration');
    const ranges = await calibrate(observed, executable, samples, { count, signal });
    return quantize(graph, ranges, {
      weightBits: numberOf(parameters, 'weights'),
      activationBits: numberOf(parameters, 'activations'),
    });
  } finally {
    await executable.close();
  }
}
