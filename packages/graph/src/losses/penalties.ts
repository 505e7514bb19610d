import { Emitter } from '../autodiff/emitter.js';
import { GraphBuilder } from '../builder.js';
import type { Graph } from '../graph.js';
import { ModelError } from '../graph.js';
import { inferShapes } from '../shapes/infer.js';

/** Penalties on input gradients, in the order in which documentation lists them. */
export const PENALTY_NAMES = [
  'cosine',
  'absolute-cosine',
  'squared-cosine',
  'gradient-norm',
  'squared-gradient-norm',
] as const;

/** A penalty by its name in recipes. */
export type PenaltyName = (typeof PENALTY_NAMES)[number];

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

/** A gradient divided by a power of two for each sample that brings its largest element to between 1 and 2. */
interface Rescaled {
  /** Zero where the gradient vanishes. */
  readonly value: string;
  /** The powers of two, [N]. */
  readonly scale: string;
  /** Sum of the squares of `value`, 0 or at least 1; [N]. */
  readonly squares: string;
}

interface PenaltyInputs {
  readonly own: Rescaled;
  readonly target: Rescaled;
  /** All axes but the batch. */
  readonly axes: readonly number[];
}

/** A gradient whose elements are all this small counts as zero. */
const VANISHING = 1e-20;
/** Added to squares before a root or a division: nothing beside the 1 that they are at least, unless they are zero. */
const TINY = 1e-12;

/**
 * Confident samples have gradients whose squares float32 cannot hold, so they are rescaled before anything is squared.
 * The exponent is rounded down, a step that no derivative goes through; so cosines, which do not depend on the
 * scale, keep their exact derivatives.
 */
function rescale(emit: Emitter, gradient: string, axes: readonly number[]): Rescaled {
  const largest = emit.reduceMax(emit.op('Abs', [gradient]), axes, true);
  const log = emit.op('Log', [emit.op('Max', [largest, emit.scalar(VANISHING)])]);
  const exponent = emit.op('Floor', [emit.scale(log, Math.LOG2E)]);
  const power = emit.op('Pow', [emit.scalar(2), emit.neg(exponent)]);
  const factor = emit.keepWhere(emit.op('Greater', [largest, emit.scalar(VANISHING)]), power);
  const value = emit.mul(gradient, factor);
  return {
    value,
    scale: emit.reduceSum(emit.op('Pow', [emit.scalar(2), exponent]), axes, false),
    squares: emit.reduceSumSquare(value, axes, false),
  };
}

function dot(emit: Emitter, { own, target, axes }: PenaltyInputs): string {
  return emit.reduceSum(emit.mul(own.value, target.value), axes, false);
}

/** |own|²·|target|², kept from zero. */
function norms(emit: Emitter, { own, target }: PenaltyInputs): string {
  return emit.add(emit.mul(own.squares, target.squares), emit.scalar(TINY));
}

function cosine(emit: Emitter, inputs: PenaltyInputs): string {
  return emit.div(dot(emit, inputs), emit.op('Sqrt', [norms(emit, inputs)]));
}

/** One writer a penalty, of shape [N]. */
const penaltyWriters: Readonly<Record<PenaltyName, (emit: Emitter, inputs: PenaltyInputs) => string>> = {
  /** Smallest at -1, where an attacker only needs to flip the sign. */
  cosine,
  'absolute-cosine': (emit, inputs) => emit.op('Abs', [cosine(emit, inputs)]),
  'squared-cosine': (emit, inputs) => {
    const product = dot(emit, inputs);
    return emit.div(emit.mul(product, product), norms(emit, inputs));
  },
  'gradient-norm': (emit, { own }) =>
    emit.mul(emit.op('Sqrt', [emit.add(own.squares, emit.scalar(TINY))]), own.scale),
  'squared-gradient-norm': (emit, { own }) => emit.mul(emit.mul(own.squares, own.scale), own.scale),
};
