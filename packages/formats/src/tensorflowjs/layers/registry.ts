import { convolutionLayers } from './convolution-layers.js';
import { coreLayers } from './core-layers.js';
import { imageLayers } from './image-layers.js';
import type { LayerWriter } from './layer.js';
import { normalizationLayers } from './normalization-layers.js';

/** What can be read, by the class names that Keras writes. Models among a model's layers come on top. */
export const LAYERS: ReadonlyMap<string, LayerWriter> = new Map(
  Object.entries({ ...convolutionLayers, ...imageLayers, ...coreLayers, ...normalizationLayers }),
);
