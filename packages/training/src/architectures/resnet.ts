import type { Graph } from '@unpair/graph';
import type { Architecture, ArchitectureOptions, ClassifierShape } from './architecture.js';
import type { Initializer } from './initialization.js';
import { ClassifierLayers } from './layers.js';

const STAGES = 3;

/**
 * The residual networks for small images of He et al. 2016 (arXiv 1512.03385, section 4.2): three stages of basic
 * blocks at full, half and quarter size; depth = 6·blocks + 2. Shortcuts that change shape are 1×1 convolutions.
 */
export const resnet: Architecture = {
  name: 'resnet',
  description: 'residual network for small images (He et al. 2016)',
  options: {
    depth: {
      description: 'layers with weights along the longest path',
      allowed: '6·k + 2 from 8 to 110',
      default: 20,
      accepts: (value) =>
        typeof value === 'number' && value >= 8 && value <= 110 && Number.isInteger((value - 2) / 6),
    },
    width: {
      description: 'channels of the first stage; the next two double it',
      allowed: 'a whole number from 4 to 256',
      default: 16,
      accepts: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 4 && value <= 256,
    },
  },
  build,
};

function build(options: ArchitectureOptions, shape: ClassifierShape, initialize: Initializer): Graph {
  const { depth, width } = options;
  if (typeof depth !== 'number' || typeof width !== 'number') throw new TypeError('resnet: bad options');
  const layers = new ClassifierLayers(`resnet${depth}`, shape, initialize);
  let value = layers.activated('stem', layers.normalizedInput(), {
    inputs: shape.image[0],
    outputs: width,
    kernel: 3,
  });
  let channels = width;
  for (let stage = 0; stage < STAGES; stage++) {
    const outputs = width * 2 ** stage;
    for (let block = 0; block < (depth - 2) / 6; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      value = basicBlock(layers, `stage${stage}.block${block}`, value, { inputs: channels, outputs, stride });
      channels = outputs;
    }
  }
  return layers.finish(value, channels);
}

interface BlockShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
}

function basicBlock(layers: ClassifierLayers, name: string, value: string, shape: BlockShape): string {
  const { inputs, outputs, stride } = shape;
  const first = layers.activated(`${name}.first`, value, { inputs, outputs, kernel: 3, stride });
  const second = layers.convolution(`${name}.second.conv`, first, { inputs: outputs, outputs, kernel: 3 });
  const residual = layers.batchNormalization(`${name}.second.norm`, second, outputs);
  return layers.relu(layers.add(residual, shortcut(layers, `${name}.shortcut`, value, shape)));
}

function shortcut(layers: ClassifierLayers, name: string, value: string, shape: BlockShape): string {
  const { inputs, outputs, stride } = shape;
  if (stride === 1 && inputs === outputs) return value;
  const projected = layers.convolution(`${name}.conv`, value, { inputs, outputs, kernel: 1, stride });
  return layers.batchNormalization(`${name}.norm`, projected, outputs);
}
