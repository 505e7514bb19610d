import { argmax, crossEntropy, margin } from '@unpair/classifiers';
import type { Offer } from './access.js';

/** What an attack on one sample is after. Whether it got there, the oracle alone decides. */
export type Goal =
  /** Any class but the label. */
  | { readonly kind: 'avoid'; readonly label: number }
  /** One class. */
  | { readonly kind: 'reach'; readonly class: number };

/** Whether a prediction is what the goal wants; -1, of a model without an answer, never is. */
export function isReached(goal: Goal, predicted: number): boolean {
  if (goal.kind === 'reach') return predicted === goal.class;
  return predicted >= 0 && predicted !== goal.label;
}

/** The class whose cross-entropy an attack moves, and which way: up from a label, down to a class. */
export function lossOfGoal(goal: Goal): { readonly label: number; readonly sign: 1 | -1 } {
  return goal.kind === 'avoid' ? { label: goal.label, sign: 1 } : { label: goal.class, sign: -1 };
}

/** What an attack raises: the cross-entropy of the label to avoid, or minus that of the class to reach. */
export function gainOf(goal: Goal, logits: Float32Array, offset = 0, classes = logits.length): number {
  const { label, sign } = lossOfGoal(goal);
  return sign * crossEntropy(logits, label, offset, classes);
}

/** How far the logits are on the goal's side: the lead of the class to reach, or of the others over the label to avoid. */
export function leadOf(goal: Goal, logits: Float32Array, offset = 0, classes = logits.length): number {
  const side = goal.kind === 'avoid' ? -1 : 1;
  return side * margin(logits, lossOfGoal(goal).label, offset, classes);
}

/** Which goals the samples of a run have. */
export type GoalChoice = 'avoid' | { readonly reach: TargetClass };

/** Whether samples are to avoid a class, or to reach one. */
export function kindOf(choice: GoalChoice): Goal['kind'] {
  return choice === 'avoid' ? 'avoid' : 'reach';
}

/** Whether a target that gives `offer` says which class each sample is to reach. */
export function isKnowable(choice: GoalChoice, { access }: Offer): boolean {
  return choice === 'avoid' || choice.reach !== 'least-likely' || access === 'scores' || access === 'logits';
}

/** The rules by which every sample has a class of its own to reach. */
export const CLASS_RULES = ['next', 'random', 'least-likely'] as const;

/**
 * The class to reach: one for all samples; the one after the label, the last being followed by the first; one drawn for
 * each sample, the same in every attack; or the one that the target holds least likely, unprovoked.
 */
export type TargetClass = number | (typeof CLASS_RULES)[number];

/** Draws an integer from 0 to below `bound`. */
type Draw = (bound: number) => number;

/**
 * The goal of one sample; null where its label is the class to reach, so that there is nothing to attack.
 * @param clean the target's logits of the clean input
 */
export function goalOf(choice: GoalChoice, label: number, clean: Float32Array, draw: Draw): Goal | null {
  if (choice === 'avoid') return { kind: 'avoid', label };
  const wanted = classToReach(choice.reach, label, clean, draw);
  return wanted === label ? null : { kind: 'reach', class: wanted };
}

function classToReach(reach: TargetClass, label: number, clean: Float32Array, draw: Draw): number {
  if (typeof reach === 'number') return reach;
  if (reach === 'next') return (label + 1) % clean.length;
  if (reach === 'random') return (label + 1 + draw(clean.length - 1)) % clean.length;
  // The label is no candidate, however unlikely the target holds it.
  return argmax(clean.map((logit, k) => (k === label ? -Infinity : -logit)));
}
