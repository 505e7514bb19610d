import type { RowOf } from '../row-kind.js';
import { defineRowKind } from '../row-kind.js';

/** The inputs that two models are compared on, in the order of reports. */
export const SIMILARITY_INPUTS = ['clean', 'noised', 'adversarial'] as const;

/**
 * `clean`: as they are. `noised`: moved to a uniformly random point of the threat's ball. `adversarial`: moved by PGD on
 * the target.
 */
export type SimilarityInputs = (typeof SIMILARITY_INPUTS)[number];

/** How alike two models are, sample by sample. docs/similarity.md has the formulas. */
export const similarityKind = defineRowKind({
  name: 'similarity',
  table: 'similarity',
  noun: 'similarity',
  reportedAs: '`similarity[]`',
  key: {
    surrogate: { description: 'the published model, or ensemble' },
    target: { description: 'the full model' },
    inputs: { description: '`clean`, `noised` or `adversarial`', values: SIMILARITY_INPUTS },
  },
  digestedKey: ['inputs', 'surrogate', 'target'],
  models: { surrogate: 'ensemble', target: 'model' },
  columns: {
    cosine: {
      type: 'double',
      description:
        "signed cosine of the two models' input gradients of the cross-entropy; 0 where one of them vanishes",
    },
    surrogateNorm: {
      type: 'double',
      description:
        "Euclidean norm of the surrogate's gradient; its ratio to the target's explains asymmetries of transfer (arXiv 1904.07980)",
    },
    targetNorm: { type: 'double', description: "Euclidean norm of the target's gradient" },
    agree: { type: 'boolean', description: 'whether both predict the same class' },
    klDivergence: {
      type: 'double',
      description: "KL divergence of the surrogate's class probabilities from the target's, in nats",
    },
    logitCorrelation: {
      type: 'double',
      description: "Pearson's correlation of the two models' logits over the classes",
    },
    surrogateCurvature: {
      type: 'double',
      description:
        "change of the surrogate's input gradient along itself, per unit of distance: how far the loss is from linear",
    },
    targetCurvature: { type: 'double', description: "the same of the target's" },
    surrogateInvalid: {
      type: 'boolean',
      description: "whether the surrogate's gradient has entries that are no finite numbers, and count as 0",
      digested: false,
    },
    targetInvalid: { type: 'boolean', description: "whether the target's has", digested: false },
    hogCosine: {
      type: 'double',
      description:
        "cosine of the two gradients' histograms of oriented gradients; 0 where one of them vanishes (arXiv 2508.12132)",
      digested: false,
    },
    edgeIou: {
      type: 'double',
      description: 'share of the pixels on strong edges of either gradient that are on those of both',
      digested: false,
    },
  },
});

/** How alike two models are at one input. */
export type SimilarityRow = RowOf<typeof similarityKind>;
