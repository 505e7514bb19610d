import { crossEntropy } from '../logits.js';
import type { Random } from '../random/random.js';
import { project } from '../threat.js';
import { dot, normaliseRms } from '../vectors.js';
import { ascend } from './ascent.js';
import type { Answer, Problem, Request } from './attack.js';
import { query } from './requests.js';

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
}

/** Finite differences longer than the pixel range say nothing about a gradient. */
const LARGEST_SIGMA = 1;
/** What σ is multiplied by when an estimate did not move the loss at all. */
const ESTIMATE_GROWTH = 5;

type Steps<Result> = Generator<Request, Result, Answer>;

/**
 * The moving parts of random gradient-free search on one sample: where it stands, the loss there, and the two buffers
 * in which it draws directions and lays out probes. Directions have root-mean-square 1, so σ is per pixel.
 */
export class GradientFreeSearch {
  /** The gradient estimate, by its direction only. */
  readonly gradient: Float32Array;
  readonly point: Float32Array;
  remaining: number;
  sigma: number;
  readonly #problem: Problem;
  readonly #settings: SearchSettings;
  readonly #random: Random;
  readonly #directions: Float32Array;
  readonly #probes: Float32Array;
  #loss: number;

  constructor(problem: Problem, settings: SearchSettings, random: Random) {
    const size = problem.input.length;
    this.#problem = problem;
    this.#settings = settings;
    this.#random = random;
    this.#directions = new Float32Array(settings.samples * size);
    this.#probes = new Float32Array(settings.samples * size);
    this.gradient = new Float32Array(size);
    this.point = problem.input.slice();
    this.remaining = settings.budget;
    this.sigma = settings.sigma;
    this.#loss = crossEntropy(problem.logits, problem.label);
  }

  /** Rise of the loss from the present point to point + σ · direction. One query. */
  *riseAlong(direction: Float32Array): Steps<number> {
    const probe = this.#probes.subarray(0, direction.length);
    for (let i = 0; i < probe.length; i++) {
      probe[i] = (this.point[i] ?? 0) + this.sigma * (direction[i] ?? 0);
    }
    const [rise = 0] = yield* this.#rises(1);
    return rise;
  }

  /** Lengthens finite differences; false when they are as long as they may get. */
  growSigma(factor: number): boolean {
    if (this.sigma >= LARGEST_SIGMA) return false;
    this.sigma = Math.min(LARGEST_SIGMA, this.sigma * factor);
    return true;
  }

  /** Squared norm of the gradient from up to `probes` random directions: the mean of squared directional derivatives. */
  *estimateSquaredNorm(probes: number): Steps<number> {
    this.#draw(probes, null);
    let sum = 0;
    for (const rise of yield* this.#rises(probes)) sum += (rise / this.sigma) ** 2;
    return sum / probes;
  }

  /**
   * Estimates the gradient from random directions, mixed with the prior if there is one. One query is kept for the
   * candidate that the estimate leads to. False when the budget leaves none to estimate with.
   */
  *estimateGradient(prior: WeightedPrior | null): Steps<boolean> {
    for (;;) {
      const count = Math.min(this.#settings.samples, this.remaining - 1);
      if (count < 1) return false;
      this.#draw(count, prior);
      const rises = yield* this.#rises(count);
      if (rises.some((rise) => rise !== 0)) {
        this.#average(rises);
        return true;
      }
      if (!this.growSigma(ESTIMATE_GROWTH)) this.gradient.fill(0);
    }
  }

  /** Steps along `direction`, projects, and evaluates the new point: one query. */
  *step(direction: Float32Array): Steps<void> {
    const { norm, input, label } = this.#problem;
    ascend(this.point, direction, this.#settings.stepSize, norm);
    project(this.point, input, this.#problem);
    const { logits, remaining } = yield* query(this.point);
    this.remaining = remaining;
    this.#loss = crossEntropy(logits, label);
  }

  /** Queries the first `count` probes; the rise of the loss at each. */
  *#rises(count: number): Steps<readonly number[]> {
    const { input, label, classes } = this.#problem;
    const { logits, remaining } = yield* query(this.#probes.subarray(0, count * input.length), count);
    this.remaining = remaining;
    return Array.from(
      { length: count },
      (_, i) => crossEntropy(logits, label, i * classes, classes) - this.#loss,
    );
  }

  /** Draws `count` directions and lays out their probes. */
  #draw(count: number, prior: WeightedPrior | null): void {
    const size = this.point.length;
    for (let row = 0; row < count; row++) {
      const direction = this.#directions.subarray(row * size, (row + 1) * size);
      this.#random.fillNormal(direction);
      if (prior === null) normaliseRms(direction);
      else mix(direction, prior);
      const probe = this.#probes.subarray(row * size, (row + 1) * size);
      for (let i = 0; i < size; i++) probe[i] = (this.point[i] ?? 0) + this.sigma * (direction[i] ?? 0);
    }
  }

  /** gradient ← mean of rise · direction. */
  #average(rises: readonly number[]): void {
    const { gradient } = this;
    gradient.fill(0);
    rises.forEach((rise, row) => {
      const weight = rise / rises.length;
      const direction = this.#directions.subarray(row * gradient.length, (row + 1) * gradient.length);
      for (let i = 0; i < direction.length; i++) {
        gradient[i] = (gradient[i] ?? 0) + weight * (direction[i] ?? 0);
      }
    });
  }
}

/** direction ← √(1−λ)·u + √λ·v, u the part of `direction` orthogonal to the prior v, both of root-mean-square 1. */
function mix(direction: Float32Array, { direction: prior, weight }: WeightedPrior): void {
  const size = direction.length;
  const along = dot(direction, prior) / size;
  const orthogonal = Math.sqrt(Math.max(0, dot(direction, direction) - along * along * size));
  const own = orthogonal > 0 ? Math.sqrt((1 - weight) * size) / orthogonal : 0;
  const priors = Math.sqrt(weight) - own * along;
  for (let i = 0; i < size; i++) direction[i] = own * (direction[i] ?? 0) + priors * (prior[i] ?? 0);
}
