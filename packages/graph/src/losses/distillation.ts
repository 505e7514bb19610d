import { Emitter } from '../autodiff/emitter.js';
import { GraphBuilder } from '../builder.js';
import type { Graph } from '../graph.js';
import { int } from '../graph.js';
import { inferShapes } from '../shapes/infer.js';

/** Name of the input with the teacher's logits, float32 [N,K]. */
export const TEACHER_LOGITS = 'teacher_logits';
/** Name of the output with each sample's mixed loss, float32 [N]. */
export const DISTILLED_LOSS = 'distilled_loss';

export interface DistillationOptions {
  /** The value [N,K] that the student answers. */
  readonly logits: string;
  /** The value [N] with the loss against the labels. */
  readonly loss: string;
  /** What logits are divided by before they become probabilities; above 0. */
  readonly temperature: number;
  /** Share of the teacher in the loss, 0 to 1; the labels have the rest. */
  readonly alpha: number;
}

/**
 * Adds the loss of Hinton et al. 2015 (arXiv 1503.02531): (1 − alpha)·loss + alpha·T²·CE(softmax(teacher / T),
 * softmax(student / T)). The factor T² keeps the gradient of the second part the size of the first's.
 * @throws {RangeError} when temperature or alpha is out of range
 */
export function withDistillation(
  graph: Graph,
  { logits, loss, temperature, alpha }: DistillationOptions,
): Graph {
  if (!(temperature > 0)) throw new RangeError(`temperature is ${temperature}; it must be above 0`);
  if (!(alpha >= 0 && alpha <= 1)) throw new RangeError(`alpha is ${alpha}; it must be from 0 to 1`);
  const shape = inferShapes(graph).get(logits)?.shape ?? [];
  const builder = GraphBuilder.from(graph);
  const emit = new Emitter(builder);
  const teacher = builder.input(TEACHER_LOGITS, 'float32', shape);
  const soft = (value: string, op: 'Softmax' | 'LogSoftmax'): string =>
    emit.op(op, [emit.scale(value, 1 / temperature)], { axis: int(-1) });
  const product = emit.mul(soft(teacher, 'Softmax'), soft(logits, 'LogSoftmax'));
  const crossEntropy = emit.neg(emit.reduceSum(product, [1], false));
  const mixed = emit.add(emit.scale(loss, 1 - alpha), emit.scale(crossEntropy, alpha * temperature ** 2));
  builder.output(builder.rename(mixed, DISTILLED_LOSS), 'float32', shape.slice(0, 1));
  return builder.build();
}
