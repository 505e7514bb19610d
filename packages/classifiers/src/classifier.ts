/**
 * A model as attacks and measurements see it: batches of images in, logits out. Results must not depend on what else
 * is in a batch. It may be a graph on a runtime of this process or an endpoint elsewhere.
 */
export interface Classifier {
  /** [C, H, W] of one input. */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  /** What a user should know of how it runs, as sentences about `it`. */
  readonly remarks?: readonly string[];
  /**
   * Logits [count, classes] of `count` inputs [count, C, H, W] in [0, 1]. The inputs are read before the promise
   * settles and not kept; the answer is the caller's.
   */
  logits(inputs: Float32Array, count: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/** What is differentiated with respect to each of `count` inputs. */
export type Objective =
  /** The cross-entropy against a label, labels [count]. */
  | { readonly kind: 'cross-entropy'; readonly labels: Int32Array }
  /** A sum of the logits by weights [count, classes]: with +1 at one class and -1 at another it is their margin. */
  | { readonly kind: 'combination'; readonly weights: Float32Array }
  /**
   * The cross-entropy where from the model's middle on each input's features are `shares` [count] of its own, and the rest
   * those of the image in `references` [count, C, H, W].
   */
  | {
      readonly kind: 'decayed-features';
      readonly labels: Int32Array;
      readonly references: Float32Array;
      readonly shares: Float32Array;
    };

/** An objective at each input, its gradient with respect to that input, and the logits. */
export interface ObjectiveGradients {
  /** [count] */
  readonly values: Float32Array;
  /** [count, C, H, W]; 0 where the derivative is no finite number, as that of a square root at 0. */
  readonly gradients: Float32Array;
  /** [count] entries of each gradient that are 0 for that reason */
  readonly invalid: Int32Array;
  /** [count, classes] */
  readonly logits: Float32Array;
}

/** A classifier whose insides are known: a published sibling. */
export interface DifferentiableClassifier extends Classifier {
  /** The objective and its input gradient at `count` inputs; read and answered as by `logits`. */
  gradients(inputs: Float32Array, objective: Objective, count: number): Promise<ObjectiveGradients>;
}

/** One labelled input, and where it stands in its data set. */
export interface Sample {
  /** Position in the data set: seeds derive from it, so it must not depend on the shard. */
  readonly index: number;
  readonly label: number;
  /** [C, H, W] flattened, in [0, 1]. */
  readonly input: Float32Array;
}

/**
 * Samples of a run of consecutive images; the inputs are views of `inputs`, not copies.
 *
 * @param first position of the run in the data set
 * @param inputs [labels.length, C, H, W]
 */
export function consecutiveSamples(
  first: number,
  inputs: Float32Array,
  labels: ArrayLike<number>,
): readonly Sample[] {
  const size = inputs.length / labels.length;
  return Array.from(labels, (label, row) => ({
    index: first + row,
    label,
    input: inputs.subarray(row * size, (row + 1) * size),
  }));
}
