import type { Graph } from '@unpair/graph';
import type { Initializer } from './initialization.js';

/** What a classifier takes and gives, whatever its architecture. */
export interface ClassifierShape {
  /** [C, H, W] of one image, in [0, 1]. */
  readonly image: readonly [number, number, number];
  readonly classes: number;
  /** Per channel; the graph itself turns [0, 1] pixels into (pixel - mean) / deviation. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** An option of an architecture as recipe files and the documentation know it. */
export interface ArchitectureOption {
  readonly description: string;
  /** Allowed values in words, for the error that quotes a bad one. */
  readonly allowed: string;
  readonly default: number | readonly number[];
  readonly accepts: (value: number | readonly number[]) => boolean;
}

export type ArchitectureOptions = Readonly<Record<string, number | readonly number[]>>;

/** A family of classifiers that recipes can name. */
export interface Architecture {
  readonly name: string;
  readonly description: string;
  readonly options: Readonly<Record<string, ArchitectureOption>>;
  /**
   * Builds an untrained classifier: input `input` [N,C,H,W] in [0,1], output `logits` [N,classes].
   *
   * @param options complete and already accepted
   */
  build(options: ArchitectureOptions, shape: ClassifierShape, initialize: Initializer): Graph;
}
