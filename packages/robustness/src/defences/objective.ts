import type { Penalty } from '@unpair/graph';
import type { Threat } from '../threat.js';

/**
 * What unpairing minimizes, beside the cross-entropy on clean images. Each term may be 0; with all of them 0 there is
 * nothing to unpair.
 */
export interface UnpairingObjective {
  /**
   * Part of each batch, from 0 to 1, that is shown not clean but as it fools the target, under its true label: being
   * right on what fools the target is the opposite of sharing its weaknesses (after DVERGE, arXiv 2009.14720).
   */
  readonly adversarial: number;
  /** Part of each batch, from 0 to 1, that is shown with uniform noise, so that penalties act around the images too. */
  readonly noise: number;
  /** Ball within which the target is fooled, and from which noise is drawn. */
  readonly threat: Threat;
  /** Steps of projected gradient descent that fool the target; each is ε/steps·1.5 long. */
  readonly steps: number;
  /** Weight of the squared cosine between the input gradients of the sibling and of the target. */
  readonly squaredCosine: number;
  /** Weight of the absolute cosine. */
  readonly absoluteCosine: number;
  /** Weight of the sibling's squared input-gradient norm: smoothness, after TRS (arXiv 2104.00671). */
  readonly gradientNorm: number;
}

/** The terms of the objective that are penalties on the sibling's input gradient. */
export function penaltiesOf(objective: UnpairingObjective): readonly Penalty[] {
  const penalties: readonly Penalty[] = [
    { name: 'squared-cosine', weight: objective.squaredCosine },
    { name: 'absolute-cosine', weight: objective.absoluteCosine },
    { name: 'squared-gradient-norm', weight: objective.gradientNorm },
  ];
  return penalties.filter(({ weight }) => weight !== 0);
}

/** Whether the objective asks for anything but accuracy. */
export function unpairs(objective: UnpairingObjective): boolean {
  return objective.adversarial > 0 || penaltiesOf(objective).length > 0;
}

/** How many rows of a batch of `size` are shown in which way; the rest is clean. */
export function partsOf(
  { adversarial, noise }: Pick<UnpairingObjective, 'adversarial' | 'noise'>,
  size: number,
): { readonly adversarial: number; readonly noise: number } {
  if (!(adversarial >= 0 && noise >= 0 && adversarial + noise <= 1)) {
    throw new RangeError(
      `the adversarial and noisy parts of a batch must lie between 0 and 1 and sum to 1 at most, got ${adversarial} and ${noise}`,
    );
  }
  const fooled = Math.round(adversarial * size);
  return { adversarial: fooled, noise: Math.min(Math.round(noise * size), size - fooled) };
}
