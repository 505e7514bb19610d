import { margin } from '@unpair/classifiers';
import type { Goal } from '../goal.js';
import { gainOf } from '../goal.js';

/**
 * What Square lowers: the margin of the label to avoid, or the cross-entropy of the class to reach, as the authors' code
 * has it.
 */
export function squareLoss(goal: Goal, logits: Float32Array): number {
  return goal.kind === 'avoid' ? margin(logits, goal.label) : -gainOf(goal, logits);
}
