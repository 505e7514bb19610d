import type { Emitter } from '../autodiff/emitter.js';
import type { LossInputs } from './catalogue.js';
import { lossWriters } from './catalogue.js';

/**
 * Lead of the label's logit over the next from which on the logits are scaled down. Beyond 103 the other classes'
 * probabilities are 0 in float32, and no gradient is left; well before, it has lost what of it comes from the label.
 * Networks that are trained with the cross-entropy stay below, so that theirs are what they are.
 */
const LARGEST_LEAD = 32;
/** The lead is then brought to between half of this and this. */
const LEAD = 8;

/**
 * The logits, each sample's divided by a power of two where the cross-entropy is flat for no other reason than that they
 * are large: an attacker who sees a gradient of 0 scales them as well (Carlini and Wagner 2016, arXiv 1607.04311, on
 * defensive distillation). The direction of a gradient depends on that scale little, its length means nothing.
 * @param inputs labels one-hot
 */
export function unsaturated(emit: Emitter, inputs: LossInputs): string {
  const lead = emit.neg(lossWriters.margin(emit, inputs));
  const octaves = emit.scale(emit.op('Log', [emit.op('Max', [lead, emit.scalar(1)])]), Math.LOG2E);
  const exponent = emit.op('Ceil', [emit.sub(octaves, emit.scalar(Math.log2(LEAD)))]);
  const isLarge = emit.op('Greater', [lead, emit.scalar(LARGEST_LEAD)]);
  const power = emit.op('Pow', [emit.scalar(2), emit.neg(exponent)]);
  const factor = emit.op('Where', [isLarge, power, emit.scalar(1)]);
  return emit.mul(inputs.logits, emit.unsqueeze(factor, [1]));
}
