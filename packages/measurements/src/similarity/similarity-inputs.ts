import { PGD_DEFAULTS, climbAtOnce } from '@unpair/attacks';
import type { BatchOptions } from '@unpair/classifiers';
import type { DifferentiableClassifier, Sample } from '@unpair/classifiers';
import { createRandom } from '@unpair/numerics';
import type { Threat } from '@unpair/numerics';
import { randomStart } from '@unpair/numerics';
import type { SimilarityInputs } from './similarity-row.js';

export interface SimilarityInputsOptions extends Pick<BatchOptions, 'signal'> {
  readonly inputs: SimilarityInputs;
  /** The ball that noise and PGD stay in. */
  readonly threat: Threat;
  /** The campaign's seed: with a sample's index it determines its noise, the same for every pair of models. */
  readonly seed: number;
}

/**
 * One batch of samples as the models are to be compared on it: unchanged, at a uniformly random point of the threat's
 * ball, or moved from there by PGD that raises the target's loss, as the attack `pgd` does unless told otherwise.
 * @throws the signal's reason once it is aborted
 */
export async function inputsToCompare(
  target: DifferentiableClassifier,
  samples: readonly Sample[],
  { inputs, threat, seed, signal }: SimilarityInputsOptions,
): Promise<readonly Sample[]> {
  if (inputs === 'clean') return samples;
  const [count, size] = [samples.length, samples[0]?.input.length ?? 0];
  const [centres, points] = [new Float32Array(count * size), new Float32Array(count * size)];
  samples.forEach(({ index, input }, row) => {
    const random = createRandom({ seed, cell: `similarity/${inputs}`, sample: index });
    centres.set(input, row * size);
    points.set(randomStart(input, threat, random), row * size);
  });
  if (inputs === 'adversarial') {
    const labels = Int32Array.from(samples, ({ label }) => label);
    const settings = { steps: PGD_DEFAULTS.steps, stepSize: PGD_DEFAULTS.stepSize(threat) };
    await climbAtOnce({ points, centres, count, threat, ...settings }, async (at) => {
      signal?.throwIfAborted();
      return (await target.gradients(at, { kind: 'cross-entropy', labels }, count)).gradients;
    });
  }
  return samples.map((sample, row) => ({ ...sample, input: points.subarray(row * size, (row + 1) * size) }));
}
