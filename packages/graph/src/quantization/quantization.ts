import type { Graph } from '../graph.js';
import type { ActivationScale } from './affine.js';
import type { WeightScale } from './weights.js';

/** Everything that quantization decides, before anything is rounded. */
export interface Quantization {
  /** The graph that is quantized: constants folded, normalization in the weights. */
  readonly graph: Graph;
  readonly activationBits: number;
  /** By value, those that keep the range of another included. */
  readonly activations: ReadonlyMap<string, ActivationScale>;
  /** By initializer; those of channels whose bias would not fit into int32 are raised when it is written. */
  readonly weights: ReadonlyMap<string, WeightScale>;
  /** Biases that stay floats, by initializer. Default: none that belongs to rounded weights. */
  readonly floatBiases?: ReadonlySet<string>;
}
