import type { Emitter } from '../autodiff/emitter.js';

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

/** A gradient divided by a power of two for each sample that brings its largest element to between 1 and 2. */
export interface Rescaled {
  /** Zero where the gradient vanishes. */
  readonly value: string;
  /** The powers of two, [N]. */
  readonly scale: string;
  /** Sum of the squares of `value`, 0 or at least 1; [N]. */
  readonly squares: string;
}

/** What a penalty is computed from. */
export interface PenaltyInputs {
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
export function rescale(emit: Emitter, gradient: string, axes: readonly number[]): Rescaled {
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
export const penaltyWriters: Readonly<Record<PenaltyName, (emit: Emitter, inputs: PenaltyInputs) => string>> =
  {
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
