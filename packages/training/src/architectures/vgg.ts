import type { Graph } from '@unpair/graph';
import type { Architecture, ArchitectureOptions, ClassifierShape } from './architecture.js';
import type { Initializer } from './initialization.js';
import { ClassifierLayers } from './layers.js';

/** Convolutions of each stage by depth (their table 1: configurations A, B and D), less the dense layers. */
const STAGES: ReadonlyMap<number, readonly number[]> = new Map([
  [11, [1, 1, 2, 2, 2]],
  [13, [2, 2, 2, 2, 2]],
  [16, [2, 2, 3, 3, 3]],
]);

/** Channels of each stage, as multiples of the first stage's. */
const MULTIPLES = [1, 2, 4, 8, 8] as const;

/**
 * The networks of Simonyan and Zisserman 2015 (arXiv 1409.1556) for small images: stages of 3×3 convolutions, each
 * followed by batch normalization, and of max pooling between stages; one linear layer at the end.
 */
export const vgg: Architecture = {
  name: 'vgg',
  description: 'stages of 3×3 convolutions with max pooling between (Simonyan and Zisserman 2015)',
  options: {
    depth: {
      description: 'layers with weights in the original network, its three dense layers included',
      allowed: '11, 13 or 16',
      default: 11,
      accepts: (value) => typeof value === 'number' && STAGES.has(value),
    },
    width: {
      description: 'channels of the first stage; the last two have eight times as many',
      allowed: 'a whole number from 4 to 64',
      default: 16,
      accepts: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 4 && value <= 64,
    },
  },
  build,
};

function build(options: ArchitectureOptions, shape: ClassifierShape, initialize: Initializer): Graph {
  const { depth, width } = options;
  const stages = typeof depth === 'number' ? STAGES.get(depth) : undefined;
  if (stages === undefined || typeof width !== 'number') throw new TypeError('vgg: bad options');
  const layers = new ClassifierLayers(`vgg${String(depth)}`, shape, initialize);
  let value = layers.normalizedInput();
  let inputs = shape.image[0];
  stages.forEach((convolutions, stage) => {
    if (stage > 0) value = layers.maxPool(value, 2);
    const outputs = width * (MULTIPLES[stage] ?? 1);
    for (let index = 0; index < convolutions; index++) {
      value = layers.activated(`stage${stage}.layer${index}`, value, { inputs, outputs, kernel: 3 });
      inputs = outputs;
    }
  });
  return layers.finish(value, inputs);
}
