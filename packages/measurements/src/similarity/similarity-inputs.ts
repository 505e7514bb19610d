import { ascend } from '@unpair/attacks';
import { gradientsOfBatch } from '@unpair/classifiers';
import type { BatchOptions } from '@unpair/classifiers';
import type { DifferentiableClassifier, Sample } from '@unpair/classifiers';
import { createRandom } from '@unpair/numerics';
import type { Threat } from '@unpair/numerics';
import { project, randomStart } from '@unpair/numerics';
import type { SimilarityInputs } from './similarity-row.js';

/** PGD on the target: its defaults. */
const STEPS = 10;
const STEPS_TO_SURFACE = 4;

export interface SimilarityInputsOptions extends Pick<BatchOptions, 'signal'> {
  readonly inputs: SimilarityInputs;
  /** The ball that noise and PGD stay in. */
  readonly threat: Threat;
  /** The campaign's seed: with a sample's index it determines its noise, the same for every pair of models. */
  readonly seed: number;
}

/**
 * One batch of samples as the models are to be compared on it: unchanged, at a uniformly random point of the threat's
 * ball, or moved from there by ten steps of PGD (Madry et al. 2018, arXiv 1706.06083) that raise the target's loss.
 * @throws the signal's reason once it is aborted
 */
export async function inputsToCompare(
  target: DifferentiableClassifier,
  samples: readonly Sample[],
  { inputs, threat, seed, signal }: SimilarityInputsOptions,
): Promise<readonly Sample[]> {
  if (inputs === 'clean') return samples;
  const moved = samples.map((sample) => {
    const random = createRandom({ seed, cell: `similarity/${inputs}`, sample: sample.index });
    return { ...sample, input: randomStart(sample.input, threat, random) };
  });
  for (let step = 0; inputs === 'adversarial' && step < STEPS; step++) {
    const gradients = await gradientsOfBatch(target, moved, { signal });
    moved.forEach(({ input }, row) => {
      ascend(input, gradients[row]?.gradient ?? input, threat.epsilon / STEPS_TO_SURFACE, threat.norm);
      project(input, samples[row]?.input ?? input, threat);
    });
  }
  return moved;
}
