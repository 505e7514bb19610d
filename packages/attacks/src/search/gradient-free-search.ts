import type { Random } from '@unpair/numerics';
import { addScaled, dot, toPixel } from '@unpair/numerics';
import { stepUp } from '../transfer/ascent.js';
import type { Problem, Steps as StepsSeeing } from '../attack.js';
import { gainOf } from '../goal.js';
import { query } from '../requests.js';

/** Settings that RGF and P-RGF share. */
export interface SearchSettings {
  /** Queries that one sample may spend. */
  readonly budget: number;
  /** Directions drawn for one estimate, q. */
  readonly samples: number;
  /** Length of a finite difference: root mean square over the input. */
  readonly sigma: number;
  readonly stepSize: number;
}

/** A direction to mix into random ones, of root-mean-square 1, and its share λ of their squared length. */
export interface WeightedPrior {
  readonly direction: Float32Array;
  readonly weight: number;
  /** Directions of root-mean-square 1, orthogonal to it and to each other, that random ones leave out. */
  readonly across: readonly Float32Array[];
}

/** Finite differences longer than the pixel range say nothing about a gradient. */
const LARGEST_SIGMA = 1;
/** Random directions that one estimate of the gradient's norm takes, at most. */
const NORM_PROBES = 10;
/** What σ is multiplied by when an estimate did not move the loss at all. */
const ESTIMATE_GROWTH = 5;

type Steps<Result> = StepsSeeing<Result, 'logits'>;

/** A direction as own · (row of normals) + prior · (the prior): it is never written out. */
interface Direction {
  readonly own: number;
  readonly prior: number;
}

/**
 * The moving parts of random gradient-free search on one sample: where it stands, the loss there, and the two buffers
 * in which it draws normals and lays out probes. Directions have root-mean-square 1, so σ is per pixel.
 */
export class GradientFreeSearch {
  /** The gradient estimate, by its direction only. */
  readonly gradient: Float32Array;
  readonly point: Float32Array;
  remaining: number;
  sigma: number;
  readonly #problem: Problem<'logits'>;
  readonly #settings: SearchSettings;
  readonly #random: Random;
  readonly #normals: Float32Array;
  readonly #probes: Float32Array;
  #loss: number;
  /** Whether probes stay within [0, 1], since the target has no answer outside. */
  #isInside = false;

  constructor(problem: Problem<'logits'>, settings: SearchSettings, random: Random) {
    const size = problem.input.length;
    this.#problem = problem;
    this.#settings = settings;
    this.#random = random;
    this.#normals = new Float32Array(settings.samples * size);
    this.#probes = new Float32Array(settings.samples * size);
    this.gradient = new Float32Array(size);
    this.point = problem.input.slice();
    this.remaining = settings.budget;
    this.sigma = settings.sigma;
    this.#loss = gainOf(problem.goal, problem.clean.logits);
  }

  /** Goes to another point first, and evaluates it: one query. Stays where that has no loss. */
  *startAt(point: Float32Array): Steps<void> {
    const { logits, remaining } = yield* query(this.#problem, point);
    this.remaining = remaining;
    const loss = gainOf(this.#problem.goal, logits);
    if (Number.isNaN(loss)) return;
    this.point.set(point);
    this.#loss = loss;
  }

  /** Rise of the loss from the present point to point + σ · direction. One query. */
  *riseAlong(direction: Float32Array): Steps<number> {
    const probe = this.#probes.subarray(0, direction.length);
    for (let i = 0; i < probe.length; i++) {
      probe[i] = (this.point[i] ?? 0) + this.sigma * (direction[i] ?? 0);
    }
    if (this.#isInside) clip(probe);
    const [rise = 0] = yield* this.#rises(1);
    return rise;
  }

  /** Lengthens finite differences; false when they are as long as they may get. */
  growSigma(factor: number): boolean {
    if (this.sigma >= LARGEST_SIGMA) return false;
    this.sigma = Math.min(LARGEST_SIGMA, this.sigma * factor);
    return true;
  }

  /** Squared norm of the gradient, from random directions: the mean of squared directional derivatives. */
  *estimateSquaredNorm(): Steps<number> {
    const count = Math.min(NORM_PROBES, this.#settings.samples);
    this.#draw(count, null);
    let sum = 0;
    for (const rise of yield* this.#rises(count)) sum += (rise / this.sigma) ** 2;
    return sum / count;
  }

  /**
   * Estimates the gradient from random directions, mixed with the prior if there is one. One query is kept for the
   * candidate that the estimate leads to. False when the budget leaves none to estimate with.
   */
  *estimateGradient(prior: WeightedPrior | null): Steps<boolean> {
    for (;;) {
      const count = Math.min(this.#settings.samples, this.remaining - 1);
      if (count < 1) return false;
      const directions = this.#draw(count, prior);
      const rises = yield* this.#rises(count);
      if (rises.some((rise) => rise !== 0)) {
        this.#average(rises, directions, prior);
        return true;
      }
      this.growSigma(ESTIMATE_GROWTH);
    }
  }

  /** Steps along `direction`, projects, and evaluates the new point: one query. Stays where that has no loss. */
  *step(direction: Float32Array): Steps<void> {
    const { input, goal } = this.#problem;
    const before = this.point.slice();
    stepUp(this.point, direction, this.#settings.stepSize, { centre: input, threat: this.#problem });
    const { logits, remaining } = yield* query(this.#problem, this.point);
    this.remaining = remaining;
    const loss = gainOf(goal, logits);
    if (Number.isNaN(loss)) this.point.set(before);
    else this.#loss = loss;
  }

  /**
   * Queries the first `count` probes; the rise of the loss at each, 0 where there is none. Pixels that are 0 or 1 are
   * probed beyond: a target that has no answer there is asked again, and from then on, within [0, 1]. Such a pixel is
   * then moved by half of the directions, so that its slope counts half, and no other is biased.
   */
  *#rises(count: number): Steps<readonly number[]> {
    const { input, goal, classes } = this.#problem;
    const probes = this.#probes.subarray(0, count * input.length);
    const { logits, remaining } = yield* query(this.#problem, probes, count);
    this.remaining = remaining;
    const rises = Array.from(
      { length: count },
      (_, i) => gainOf(goal, logits, i * classes, classes) - this.#loss,
    );
    if (this.#isInside || !rises.some(Number.isNaN)) {
      return rises.map((rise) => (Number.isNaN(rise) ? 0 : rise));
    }
    this.#isInside = true;
    clip(probes);
    return yield* this.#rises(count);
  }

  /** Draws `count` directions and lays out their probes. */
  #draw(count: number, prior: WeightedPrior | null): readonly Direction[] {
    return Array.from({ length: count }, (_, row) => {
      const normals = this.#row(this.#normals, row);
      this.#random.fillNormal(normals);
      for (const other of prior?.across ?? [])
        addScaled(normals, -dot(normals, other) / normals.length, other);
      const direction = prior === null ? unit(normals) : mixed(normals, prior);
      const probe = this.#row(this.#probes, row);
      const own = this.sigma * direction.own;
      for (let i = 0; i < probe.length; i++) probe[i] = (this.point[i] ?? 0) + own * (normals[i] ?? 0);
      if (prior !== null) addScaled(probe, this.sigma * direction.prior, prior.direction);
      if (this.#isInside) clip(probe);
      return direction;
    });
  }

  /** gradient ← Σ rise · direction. */
  #average(rises: readonly number[], directions: readonly Direction[], prior: WeightedPrior | null): void {
    this.gradient.fill(0);
    let ofPrior = 0;
    directions.forEach((direction, row) => {
      const rise = rises[row] ?? 0;
      addScaled(this.gradient, rise * direction.own, this.#row(this.#normals, row));
      ofPrior += rise * direction.prior;
    });
    if (prior !== null) addScaled(this.gradient, ofPrior, prior.direction);
  }

  #row(buffer: Float32Array, row: number): Float32Array {
    const size = this.point.length;
    return buffer.subarray(row * size, (row + 1) * size);
  }
}

/** Puts what is outside [0, 1] on its border. */
function clip(inputs: Float32Array): void {
  for (let i = 0; i < inputs.length; i++) inputs[i] = toPixel(inputs[i] ?? 0);
}

/** The direction of `normals` itself. */
function unit(normals: Float32Array): Direction {
  const square = dot(normals, normals);
  return { own: square > 0 ? Math.sqrt(normals.length / square) : 0, prior: 0 };
}

/** √(1−λ)·u + √λ·v, u the part of `normals` orthogonal to the prior v, both of root-mean-square 1. */
function mixed(normals: Float32Array, { direction: prior, weight }: WeightedPrior): Direction {
  const size = normals.length;
  const along = dot(normals, prior) / size;
  const orthogonal = dot(normals, normals) - along * along * size;
  const own = orthogonal > 0 ? Math.sqrt(((1 - weight) * size) / orthogonal) : 0;
  return { own, prior: Math.sqrt(weight) - own * along };
}
