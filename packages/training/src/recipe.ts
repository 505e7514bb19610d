import type { ArchitectureOptions } from './architectures/architecture.js';
import type { Augmentation } from './samples/augmentation.js';
import type { SgdOptions } from './optimization/sgd.js';

/** Everything that determines a trained model, to the last bit. */
export interface Recipe {
  readonly name: string;
  readonly seed: number;
  /** Name or path of a data set. */
  readonly dataset: string;
  /** Samples of the training split to use, from its beginning; null for all. */
  readonly samples: number | null;
  readonly architecture: { readonly name: string; readonly options: ArchitectureOptions };
  readonly epochs: number;
  /** Images in one step. */
  readonly batch: number;
  /**
   * Equal parts that a batch is computed in, each with its own normalization statistics. Part of the recipe and not
   * of the machine: as many workers can help.
   */
  readonly shards: number;
  readonly learningRate: { readonly peak: number; readonly warmupEpochs: number };
  readonly sgd: SgdOptions;
  /** Probability mass that the label gives up to all classes. */
  readonly labelSmoothing: number;
  readonly augmentation: Augmentation;
}
