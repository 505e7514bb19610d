import type { BatchOptions } from '@unpair/classifiers';
import type { SampleGradient } from '@unpair/classifiers';
import { assertAlike, gradientsOfBatch } from '@unpair/classifiers';
import type { DifferentiableClassifier, Sample } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import { cosine, norm } from '@unpair/numerics';
import { curvatures } from './curvature.js';
import { structureLikeness } from './gradient-structure.js';
import { klDivergence, logitCorrelation } from './outputs.js';
import type { SimilarityInputsOptions } from './similarity-inputs.js';
import { inputsToCompare } from './similarity-inputs.js';
import type { SimilarityRow } from './similarity-row.js';

export type SimilarityOptions = BatchOptions & SimilarityInputsOptions;

/**
 * Compares a published model, or several that are used together, and the private one at every sample, in their order:
 * input gradients, outputs and curvature. This needs the target's insides: it explains an attack, no attacker could do it. Rows are a pure function
 * of models, samples, inputs, threat and seed.
 * @throws {UnpairError} when the surrogates are not alike
 * @throws the signal's reason once it is aborted
 */
export async function measureSimilarity(
  surrogates: readonly DifferentiableClassifier[],
  target: DifferentiableClassifier,
  samples: readonly Sample[],
  options: SimilarityOptions,
): Promise<readonly SimilarityRow[]> {
  assertAlike(surrogates);
  const rows: SimilarityRow[] = [];
  for (let first = 0; first < samples.length; first += options.batchSize) {
    const clean = samples.slice(first, first + options.batchSize);
    const members = await inputsToCompare(target, clean, options);
    const theirs = await measureModels([target], members, options);
    const published = await measureModels(surrogates, members, options);
    published.forEach((measured, row) => {
      const [other, sample] = [theirs[row], members[row]];
      if (other !== undefined && sample !== undefined)
        rows.push(compare(sample.index, measured, other, target.shape));
    });
  }
  return rows;
}

/** What is measured of one model at one input. */
interface Measured extends SampleGradient {
  readonly curvature: number;
}

async function measureModels(
  models: readonly DifferentiableClassifier[],
  samples: readonly Sample[],
  { signal }: SimilarityOptions,
): Promise<readonly Measured[]> {
  const gradients = await gradientsOfBatch(models, samples, { signal });
  const bends = await curvatures(models, samples, gradients, { signal });
  return gradients.map((own, row) => ({ ...own, curvature: bends[row] ?? 0 }));
}

function compare(
  sample: number,
  surrogate: Measured,
  target: Measured,
  shape: DifferentiableClassifier['shape'],
): SimilarityRow {
  // One model may know more classes than the other; those that both know come first.
  const classes = Math.min(surrogate.logits.length, target.logits.length);
  const published = surrogate.logits.subarray(0, classes);
  const hidden = target.logits.subarray(0, classes);
  return {
    sample,
    cosine: cosine(surrogate.gradient, target.gradient),
    surrogateNorm: norm(surrogate.gradient),
    targetNorm: norm(target.gradient),
    agree: argmax(target.logits) >= 0 && argmax(surrogate.logits) === argmax(target.logits),
    klDivergence: klDivergence(hidden, published),
    logitCorrelation: logitCorrelation(hidden, published),
    surrogateCurvature: surrogate.curvature,
    targetCurvature: target.curvature,
    surrogateInvalid: surrogate.invalid > 0,
    targetInvalid: target.invalid > 0,
    ...structureLikeness(surrogate.gradient, target.gradient, shape),
  };
}
