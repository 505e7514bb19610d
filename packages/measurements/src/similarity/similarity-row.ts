/** The inputs that two models are compared on, in the order of reports. */
export const SIMILARITY_INPUTS = ['clean', 'noised', 'adversarial'] as const;

/**
 * `clean`: as they are. `noised`: moved to a uniformly random point of the threat's ball. `adversarial`: moved by PGD on
 * the target.
 */
export type SimilarityInputs = (typeof SIMILARITY_INPUTS)[number];

/** How alike two models are at one input; the wire format's SimilarityRow. docs/similarity.md has the formulas. */
export interface SimilarityRow {
  /** Position in the data set. */
  readonly sample: number;
  /** Signed cosine of the two models' input gradients of the cross-entropy; 0 where one of them vanishes. */
  readonly cosine: number;
  /** Euclidean norms of the two gradients; their ratio explains asymmetries of transfer (arXiv 1904.07980). */
  readonly surrogateNorm: number;
  readonly targetNorm: number;
  /** Whether both predict the same class. */
  readonly agree: boolean;
  /** KL divergence of the surrogate's class probabilities from the target's, in nats. */
  readonly klDivergence: number;
  /** Pearson's correlation of the two models' logits over the classes. */
  readonly logitCorrelation: number;
  /** Change of the input gradient along itself, per unit of distance: how far the loss is from linear. */
  readonly surrogateCurvature: number;
  readonly targetCurvature: number;
}
