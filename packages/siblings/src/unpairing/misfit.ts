import type { UnpairingObjective } from './objective.js';
import type { SelectionRule } from './held-out.js';
import type { ParameterMisfit } from '@unpair/training';

/** Numbers of an unpairing that each can be right and not go together. */
interface Numbers extends Pick<UnpairingObjective, 'adversarial' | 'noise' | 'path'>, SelectionRule {
  /** Samples that are held out. */
  readonly heldOut: number;
}

/** Parts of a batch that are more than all of it, or a choice among states without what it is made by. */
export function misfitOf(numbers: Numbers): ParameterMisfit | undefined {
  const { adversarial, noise, path, maxAccuracyDrop, patience, heldOut } = numbers;
  if (adversarial + noise + path > 1 + 1e-9) {
    const description = `must be at most 1 together with noise and path, got ${adversarial} with ${noise} and ${path}`;
    return { parameter: 'adversarial', description };
  }
  if (maxAccuracyDrop < 1 && heldOut === 0) {
    const description = `must be above 0 with a maxAccuracyDrop of ${maxAccuracyDrop}, got 0`;
    return { parameter: 'heldOut', description };
  }
  if (maxAccuracyDrop < 1 || patience === 0) return undefined;
  const description = `must be 0 unless maxAccuracyDrop is below 1, got ${patience}`;
  return { parameter: 'patience', description };
}
