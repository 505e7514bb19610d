import type { Graph } from '@unpair/graph';
import type { Architecture, ArchitectureOptions, ClassifierShape } from './architecture.js';
import type { Initializer } from './initialization.js';
import { ClassifierLayers } from './layers.js';

/**
 * A plain network without shortcuts, after the all-convolutional net (Springenberg et al. 2015, arXiv 1412.6806):
 * 3×3 convolutions with batch normalization, of which some halve the image by their stride.
 */
export const convnet: Architecture = {
  name: 'convnet',
  description: 'plain network of strided 3×3 convolutions (Springenberg et al. 2015)',
  options: {
    widths: {
      description: 'output channels of each layer',
      allowed: 'a list of 1 to 32 whole numbers from 4 to 512',
      default: [32, 48, 48, 96, 96, 96],
      accepts: (value) => isListOf(value, (width) => width >= 4 && width <= 512),
    },
    strides: {
      description: 'stride of each layer, as many as there are widths',
      allowed: 'a list of ones and twos',
      default: [1, 2, 1, 2, 1, 1],
      accepts: (value) => isListOf(value, (stride) => stride === 1 || stride === 2),
    },
  },
  build,
};

function isListOf(value: number | readonly number[], accepts: (item: number) => boolean): boolean {
  return (
    typeof value !== 'number' &&
    value.length >= 1 &&
    value.length <= 32 &&
    value.every((item) => Number.isInteger(item) && accepts(item))
  );
}

function build(options: ArchitectureOptions, shape: ClassifierShape, initialize: Initializer): Graph {
  const { widths, strides } = options;
  if (typeof widths !== 'object' || typeof strides !== 'object' || widths.length !== strides.length) {
    throw new RangeError('convnet: widths and strides must be lists of one length');
  }
  const layers = new ClassifierLayers('convnet', shape, initialize);
  let value = layers.normalizedInput();
  let channels = shape.image[0];
  widths.forEach((outputs, index) => {
    const stride = strides[index] ?? 1;
    value = layers.activated(`layer${index}`, value, { inputs: channels, outputs, kernel: 3, stride });
    channels = outputs;
  });
  return layers.finish(value, channels);
}
