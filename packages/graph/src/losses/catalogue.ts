import type { Emitter } from '../autodiff/emitter.js';
import { slicePiece } from '../autodiff/rules/selection.js';
import { int } from '../graph.js';

/** The losses, in the order in which documentation lists them. */
export const LOSS_NAMES = ['cross-entropy', 'margin', 'dlr', 'combination'] as const;

/** A loss by its name in campaign files and recipes. */
export type LossName = (typeof LOSS_NAMES)[number];

/**
 * What a loss is computed from: both [N,K], `labels` one-hot (cross-entropy also takes soft labels, and a combination
 * any weights).
 */
export interface LossInputs {
  readonly logits: string;
  readonly labels: string;
}

/** Writes a loss of shape [N]; but for a combination it is larger the further a sample is from its label. */
export type LossWriter = (emit: Emitter, inputs: LossInputs) => string;

const LAST = int(-1);

/** One writer a loss. */
export const lossWriters: Readonly<Record<LossName, LossWriter>> = {
  /** -Σ labels·log softmax. */
  'cross-entropy': (emit, { logits, labels }) => {
    const logProbabilities = emit.op('LogSoftmax', [logits], { axis: LAST });
    return emit.neg(emit.reduceSum(emit.mul(labels, logProbabilities), [1], false));
  },
  /** max over the other classes - the label's logit (Carlini and Wagner, 1608.04644): positive when misclassified. */
  margin: (emit, inputs) => emit.sub(bestOther(emit, inputs), labelLogit(emit, inputs)),
  /** Difference of logits ratio (Croce and Hein, 2003.01690): the margin over the gap between best and third. */
  dlr: (emit, inputs) => {
    const margin = emit.sub(bestOther(emit, inputs), labelLogit(emit, inputs));
    const [best, third] = bestAndThird(emit, inputs.logits);
    return emit.div(margin, emit.add(emit.sub(best, third), emit.scalar(1e-12)));
  },
  /**
   * Σ labels·logits with labels that are any weights: -1 at one class is the logit loss (Zhao et al., 2012.11207), whose
   * gradient does not vanish for confident samples; with +1 at another it is the margin of two classes.
   */
  combination: labelLogit,
};

/** The label's logit, or the sum of the logits by their weights, [N]. */
function labelLogit(emit: Emitter, { logits, labels }: LossInputs): string {
  return emit.reduceSum(emit.mul(labels, logits), [1], false);
}

/** The largest logit of a class that is not the label, [N]. */
function bestOther(emit: Emitter, { logits, labels }: LossInputs): string {
  const isLabel = emit.op('Greater', [labels, emit.scalar(0.5)]);
  const others = emit.op('Where', [isLabel, emit.scalar(-Infinity), logits]);
  return emit.reduceMax(others, [1], false);
}

/** The largest and the third largest logit, [N] each. */
function bestAndThird(emit: Emitter, logits: string): readonly [string, string] {
  const [sorted = ''] = emit.ops('TopK', [logits, emit.vector([3])], 2);
  const column = (index: number): string =>
    emit.reduceSum(slicePiece(emit, sorted, 1, index, index + 1), [1], false);
  return [column(0), column(2)];
}
