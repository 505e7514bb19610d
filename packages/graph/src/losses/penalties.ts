import { Emitter } from '../autodiff/emitter.js';
import { GraphBuilder } from '../builder.js';
import type { Graph } from '../graph.js';
import { ModelError } from '../graph.js';
import { inferShapes } from '../shapes/infer.js';
import type { PenaltyName } from './penalty-values.js';
import { penaltyWriters, rescale } from './penalty-values.js';

/** A penalty and its share in the objective. */
export interface Penalty {
  readonly name: PenaltyName;
  /** What each sample's penalty is multiplied with before it is added to the sample's loss. */
  readonly weight: number;
}

/** Name of the input with the input gradients that cosines are taken to, float32 of the image's shape. */
export const TARGET_GRADIENT = 'target_gradient';
/** Name of the output with each sample's loss and weighted penalties, float32 [N]. */
export const OBJECTIVE = 'objective';

export interface PenaltyOptions {
  /** The value [N] that the penalties are added to. */
  readonly loss: string;
  /** The input gradient [N,...] of the model that is trained: a value that is computed from its weights. */
  readonly gradient: string;
  readonly penalties: readonly Penalty[];
}

/** The output that holds a penalty of each sample, not weighted, float32 [N]. */
export function penaltyOutput(name: PenaltyName): string {
  return `penalty/${name}`;
}

/**
 * Adds penalties on the input gradient g of each sample to its loss: an output `penalty/<name>` for each, and the
 * output `objective` = loss + Σ weight·penalty. Cosines are those of g and the input `target_gradient`, which is
 * declared where one of them is asked for. The derivative of the objective with respect to weights goes through g,
 * so it is a second derivative of the model.
 *
 * Where a gradient vanishes, its cosine is 0 with derivative 0.
 *
 * @throws {RangeError} for a penalty that is named twice, or a weight that is not finite.
 * @throws {ModelError} when the gradient has no known shape [N,...].
 */
export function withPenalties(graph: Graph, { loss, gradient, penalties }: PenaltyOptions): Graph {
  checkPenalties(penalties);
  const [batch = 'N', ...sample] = inferShapes(graph).get(gradient)?.shape ?? [];
  if (sample.length === 0) throw new ModelError(`value "${gradient}" is no gradient of a shape [N, ...]`);
  const builder = GraphBuilder.from(graph);
  const emit = new Emitter(builder);
  const axes = sample.map((_, axis) => axis + 1);
  const own = rescale(emit, gradient, axes);
  const target = penalties.some(({ name }) => name.endsWith('cosine'))
    ? rescale(emit, builder.input(TARGET_GRADIENT, 'float32', [batch, ...sample]), axes)
    : own;
  const objective = penalties.reduce((sum, { name, weight }) => {
    const value = penaltyWriters[name](emit, { own, target, axes });
    builder.output(builder.rename(value, penaltyOutput(name)), 'float32', [batch]);
    return emit.add(sum, emit.scale(value, weight));
  }, loss);
  builder.output(builder.rename(objective, OBJECTIVE), 'float32', [batch]);
  return builder.build();
}

function checkPenalties(penalties: readonly Penalty[]): void {
  penalties.forEach(({ name, weight }, index) => {
    if (!Number.isFinite(weight)) {
      throw new RangeError(`the weight of penalty "${name}" is ${weight}; it must be a finite number`);
    }
    if (penalties.findIndex((other) => other.name === name) !== index) {
      throw new RangeError(`penalty "${name}" is there twice; it must be named once`);
    }
  });
}
