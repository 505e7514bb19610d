import type { BatchOptions } from '../batching/evaluate-all.js';
import { gradientsOfBatch } from '../batching/gradients-of-batch.js';
import type { DifferentiableClassifier, Sample } from '../classifier.js';
import { argmax } from '../logits.js';
import { cosine, norm } from '../vectors.js';

/** How alike two models are at one sample; the wire format's SimilarityRow. */
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
}

/**
 * Compares the input gradients of a published model and the private one, sample by sample, in their order. This needs
 * the target's insides: it explains an attack, no attacker could do it.
 */
export async function measureSimilarity(
  surrogate: DifferentiableClassifier,
  target: DifferentiableClassifier,
  samples: readonly Sample[],
  { batchSize, signal }: BatchOptions,
): Promise<readonly SimilarityRow[]> {
  const rows: SimilarityRow[] = [];
  for (let first = 0; first < samples.length; first += batchSize) {
    const members = samples.slice(first, first + batchSize);
    const theirs = await gradientsOfBatch(target, members, { signal });
    const published = await gradientsOfBatch(surrogate, members, { signal });
    published.forEach(({ gradient, logits }, row) => {
      const [own, sample] = [theirs[row], members[row]];
      if (own === undefined || sample === undefined) return;
      rows.push({
        sample: sample.index,
        cosine: cosine(gradient, own.gradient),
        surrogateNorm: norm(gradient),
        targetNorm: norm(own.gradient),
        agree: argmax(logits) === argmax(own.logits),
      });
    });
  }
  return rows;
}
