import { argmax } from '@unpair/classifiers';
import type { GradientAnswer, Problem, Steps } from '../attack.js';
import type { Goal } from '../goal.js';
import { goalGradient, objectiveGradient, surrogateLogits } from '../requests.js';
import { rowOf } from './part.js';

/** What rises on the way to the goal, and its gradient. */
export type LossAnswer = Pick<GradientAnswer, 'values' | 'gradients'>;

/** A loss of the surrogates that leads to the goal, at `count` inputs. */
export type Loss = (problem: Problem, inputs: Float32Array, count: number) => Steps<LossAnswer>;

/** A loss at one input's logits, as a value and its derivative by each of them. */
interface Slope {
  readonly value: number;
  readonly weights: Float32Array;
}

/** Added to a denominator, as the authors of DLR do. */
const TINY = 1e-12;

/** The losses that an ascent may go by. */
export const LOSSES = {
  'cross-entropy': goalGradient,
  logit: byLogits(logitSlope),
  margin: byLogits(marginSlope),
  dlr: byLogits(dlrSlope),
} satisfies Readonly<Record<string, Loss>>;

/** Names of the losses, cross-entropy first. */
export const LOSS_NAMES = Object.keys(LOSSES) as readonly (keyof typeof LOSSES)[];

/** A loss whose derivative depends on the logits: one forward pass, then the gradient of their combination. */
function byLogits(slopeAt: (goal: Goal, logits: Float32Array) => Slope): Loss {
  return function* (problem, inputs, count) {
    const size = problem.input.length;
    const logits = (yield* surrogateLogits(problem, inputs, count)).slice();
    const values = new Float32Array(count);
    const gradients = new Float32Array(count * size);
    for (let row = 0; row < count; row++) {
      const { value, weights } = slopeAt(problem.goal, rowOf(logits, row, logits.length / count));
      values[row] = value;
      const objective = { kind: 'combination', weights } as const;
      const answer = yield* objectiveGradient(problem, objective, rowOf(inputs, row, size));
      gradients.set(answer.gradients, row * size);
    }
    return { values, gradients };
  };
}

/** The logit of the class to reach (Zhao et al. 2021, arXiv 2012.11207), or minus that of the label to avoid. */
function logitSlope(goal: Goal, logits: Float32Array): Slope {
  const { label, sign } = sideOf(goal);
  return slope(logits, [[label, sign]]);
}

/** Lead of the class to reach over the best other, or of the best other over the label to avoid. */
function marginSlope(goal: Goal, logits: Float32Array): Slope {
  const { label, sign } = sideOf(goal);
  return slope(logits, [
    [label, sign],
    [bestBut(logits, label), -sign],
  ]);
}

/**
 * Difference of logits ratio (Croce and Hein 2020, arXiv 2003.01690): the margin over the lead of the first class over the
 * third or, to reach a class, over the mean of the third and fourth. There the class that the goal leads away from is the
 * best but the one to reach.
 */
function dlrSlope(goal: Goal, logits: Float32Array): Slope {
  const { value, weights } = marginSlope(goal, logits);
  const ranked = [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
  const at = (rank: number): number => ranked[Math.min(rank, ranked.length - 1)] ?? 0;
  const below = goal.kind === 'avoid' ? [at(2)] : [at(2), at(3)];
  const range = slope(logits, [[at(0), 1], ...below.map((k) => [k, -1 / below.length] as const)]);
  const width = range.value + TINY;
  return {
    value: value / width,
    weights: weights.map((weight, k) => weight / width - (value / width ** 2) * (range.weights[k] ?? 0)),
  };
}

/** The class that a goal names, and whether its logit is to rise. */
function sideOf(goal: Goal): { readonly label: number; readonly sign: 1 | -1 } {
  return goal.kind === 'avoid' ? { label: goal.label, sign: -1 } : { label: goal.class, sign: 1 };
}

/** The likeliest class but one. */
export function bestBut(logits: Float32Array, label: number): number {
  const best = argmax(logits.map((logit, k) => (k === label ? -Infinity : logit)));
  return best < 0 ? (label === 0 ? 1 : 0) : best;
}

function slope(logits: Float32Array, terms: readonly (readonly [number, number])[]): Slope {
  const weights = new Float32Array(logits.length);
  let value = 0;
  for (const [k, weight] of terms) {
    weights[k] = (weights[k] ?? 0) + weight;
    value += weight * (logits[k] ?? 0);
  }
  return { value, weights };
}
