import type { Graph } from '@unpair/graph';
import type { Architecture, ArchitectureOptions, ClassifierShape } from './architecture.js';
import type { Initializer } from './initialization.js';
import { ClassifierLayers } from './layers.js';

/** Table 2 of the paper: expansion, output channels, blocks, stride of the first. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;
const STEM_CHANNELS = 32;
const HEAD_CHANNELS = 1280;
/** Images up to this side keep their size through the stem and the second stage, which otherwise halve it. */
const LARGEST_SMALL_IMAGE = 64;

/**
 * The inverted residual networks of Sandler et al. 2018 (arXiv 1801.04381) for 224×224 images. For small images the
 * stem and the second stage do not halve, so that 32×32 ends in 4×4, as is usual for CIFAR.
 */
export const mobilenetV2: Architecture = {
  name: 'mobilenet-v2',
  description: 'inverted residual network for mobile devices (Sandler et al. 2018)',
  options: {
    width: {
      description: 'factor of all channel counts, rounded to multiples of 8',
      allowed: 'a number from 0.1 to 2',
      default: 1,
      accepts: (value) => typeof value === 'number' && value >= 0.1 && value <= 2,
    },
  },
  build,
};

function build({ width }: ArchitectureOptions, shape: ClassifierShape, initialize: Initializer): Graph {
  if (typeof width !== 'number') throw new TypeError('mobilenet-v2: bad options');
  const isSmall = Math.max(shape.image[1], shape.image[2]) <= LARGEST_SMALL_IMAGE;
  const layers = new ClassifierLayers('mobilenet-v2', shape, initialize);
  let channels = roundedChannels(STEM_CHANNELS * width);
  let value = layers.activated(
    'stem',
    layers.normalizedInput(),
    { inputs: shape.image[0], outputs: channels, kernel: 3, stride: isSmall ? 1 : 2 },
    'relu6',
  );
  STAGES.forEach(([expansion, base, blocks, firstStride], stage) => {
    const outputs = roundedChannels(base * width);
    for (let block = 0; block < blocks; block++) {
      const stride = block > 0 || (isSmall && stage === 1) ? 1 : firstStride;
      const name = `stage${stage}.block${block}`;
      value = invertedResidual(layers, name, value, { inputs: channels, outputs, stride, expansion });
      channels = outputs;
    }
  });
  const head = roundedChannels(HEAD_CHANNELS * Math.max(1, width));
  value = layers.activated('head', value, { inputs: channels, outputs: head, kernel: 1 }, 'relu6');
  return layers.finish(value, head);
}

interface BlockShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
  readonly expansion: number;
}

/** Expansion, depthwise filter and linear projection, around which a shortcut leads where the shape stays. */
function invertedResidual(layers: ClassifierLayers, name: string, value: string, shape: BlockShape): string {
  const { inputs, outputs, stride, expansion } = shape;
  const inner = inputs * expansion;
  const expanded =
    expansion === 1
      ? value
      : layers.activated(`${name}.expand`, value, { inputs, outputs: inner, kernel: 1 }, 'relu6');
  const depthwise = { inputs: inner, outputs: inner, kernel: 3, stride, groups: inner };
  const filtered = layers.activated(`${name}.depthwise`, expanded, depthwise, 'relu6');
  const projected = layers.normalized(`${name}.project`, filtered, { inputs: inner, outputs, kernel: 1 });
  return stride === 1 && inputs === outputs ? layers.add(value, projected) : projected;
}

/** The nearest multiple of 8 that is not more than a tenth smaller, and at least 8, as in the authors' code. */
function roundedChannels(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}
