import type { Random } from '@unpair/numerics';
import { addScaled, dot, norm as euclidean } from '@unpair/numerics';
import type { ParameterSpecs, Parameters } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import { argmax } from '@unpair/classifiers';
import type { AttackDefinition, AttackRun, Problem, Steps } from '../attack.js';
import { isReached } from '../goal.js';
import { goalGradient, surrogateLogits } from '../requests.js';
import { along, nearestAlong, votesOf } from './boundary.js';
import { BUDGET, DECISION_BASED } from './score-based.js';

/** Tries of a longer step while it helps, and of a shorter one while it does not. */
const TRIES = 15;
const LONGER = 2;
const SHORTER = 0.25;
const SHORTEST = 1e-4;
/** Halvings that find the surrogate's own boundary: they cost no query. */
const HALVINGS = 20;

const signOptParameters: ParameterSpecs = {
  budget: BUDGET,
  directions: {
    type: 'integer',
    min: 1,
    max: 10_000,
    default: 200,
    description: 'Random directions of one estimate of the gradient, a query each.',
  },
  starts: {
    type: 'integer',
    min: 1,
    max: 10_000,
    default: 100,
    description: 'Random directions of which the best is the first.',
  },
  alpha: { type: 'number', min: 1e-6, max: 10, default: 0.2, description: 'Length of the first step.' },
  beta: { type: 'number', min: 1e-9, max: 1, default: 1e-3, description: 'Length of a finite difference.' },
  tolerance: {
    type: 'pixels',
    max: 1,
    default: 1e-3,
    description: 'How near the boundary is found along a direction.',
  },
};

/** Moves the direction in which the boundary is nearest by signs of the change of its distance. */
export const signOpt: AttackDefinition<'labels'> = {
  name: 'sign-opt',
  description: 'Turns the direction in which the boundary is nearest, by votes of random directions.',
  paper: 'Cheng et al. 2020, arXiv 1909.10773',
  ...DECISION_BASED,
  norms: ['l2'],
  parameters: signOptParameters,
  run: (problem, parameters, random) =>
    turnTo(problem, parameters, random, (ray) => voteAround(problem, parameters, random, ray, [])),
};

/**
 * Sign-OPT with the surrogate as prior: the gradient at its own boundary along the present direction. The votes of the
 * random directions are one direction, and how far the boundary moves along that and along the prior is measured.
 */
export const priorSignOpt: AttackDefinition<'labels'> = {
  name: 'prior-sign-opt',
  description: 'Sign-OPT that also measures where the gradient of the surrogate leads.',
  paper: 'Ma et al. 2025 (ICLR), Prior-OPT',
  ...DECISION_BASED,
  needsSurrogate: true,
  withoutPrior: 'sign-opt',
  norms: ['l2'],
  parameters: {
    ...signOptParameters,
    directions: {
      type: 'integer',
      min: 1,
      max: 10_000,
      default: 100,
      description: 'Random directions of one estimate of the gradient, a query each.',
    },
  },
  run: (problem, parameters, random) =>
    turnTo(problem, parameters, random, function* (ray) {
      const priors = yield* priorsAt(problem, ray);
      const vote = yield* voteAround(problem, parameters, random, ray, priors);
      const slope = new Float32Array(vote.length);
      for (const direction of [...priors, vote]) {
        addScaled(slope, yield* changeAlong(problem, parameters, ray, direction), direction);
      }
      return unit(slope);
    }),
};

/** A direction of norm 1 and how far the boundary is that way. */
interface Ray {
  readonly direction: Float32Array;
  readonly length: number;
}

/** Descends the distance along `slopeAt`, of norm 1, with steps that grow while they help. */
function* turnTo(
  problem: Problem<'labels'>,
  parameters: Parameters,
  random: Random,
  slopeAt: (ray: Ray) => Steps<Float32Array, 'labels'>,
): AttackRun<'labels'> {
  let ray = yield* bestStart(problem, parameters, random);
  let alpha = numberOf(parameters, 'alpha');
  for (;;) {
    const slope = yield* slopeAt(ray);
    const before = ray.length;
    for (let tries = 0; tries < TRIES; tries++) {
      const turned = yield* turnedBy(problem, parameters, ray, slope, alpha);
      if (turned === null) break;
      ray = turned;
      alpha *= LONGER;
    }
    for (let tries = 0; ray.length === before && tries < TRIES && alpha > SHORTEST; tries++) {
      alpha *= SHORTER;
      ray = (yield* turnedBy(problem, parameters, ray, slope, alpha)) ?? ray;
    }
    if (alpha <= SHORTEST) alpha = numberOf(parameters, 'alpha');
  }
}

/** The ray turned against the slope, where the boundary is nearer that way; else null, for one query. */
function* turnedBy(
  problem: Problem<'labels'>,
  parameters: Parameters,
  { direction, length }: Ray,
  slope: Float32Array,
  alpha: number,
): Steps<Ray | null, 'labels'> {
  const turned = unit(direction.map((value, i) => value - alpha * (slope[i] ?? 0)));
  const found = yield* nearestAlong(problem, turned, length, numberOf(parameters, 'tolerance'));
  return found < length ? { direction: turned, length: found } : null;
}

function* bestStart(
  problem: Problem<'labels'>,
  parameters: Parameters,
  random: Random,
): Steps<Ray, 'labels'> {
  const { length: size } = problem.input;
  let best: Ray | null = null;
  for (let start = 0; best === null || start < numberOf(parameters, 'starts'); start++) {
    const drawn = new Float32Array(size);
    random.fillNormal(drawn);
    const most = Math.min(euclidean(drawn), best?.length ?? Infinity);
    const direction = unit(drawn);
    const found = yield* nearestAlong(problem, direction, most, numberOf(parameters, 'tolerance'));
    if (found < (best?.length ?? Infinity)) best = { direction, length: found };
  }
  return best;
}

/** The mean of random directions, each with the sign of the change of the distance along it; of norm 1, off `apart`. */
function* voteAround(
  problem: Problem<'labels'>,
  parameters: Parameters,
  random: Random,
  { direction, length }: Ray,
  apart: readonly Float32Array[],
): Steps<Float32Array, 'labels'> {
  const beta = numberOf(parameters, 'beta');
  // Where the goal is still reached at the same length, the boundary has come nearer: it moves against the votes.
  const { signed } = yield* votesOf(problem, numberOf(parameters, 'directions'), () => {
    const drawn = new Float32Array(direction.length);
    random.fillNormal(drawn);
    const step = unit(off(drawn, apart));
    const near = unit(direction.map((value, i) => value + beta * (step[i] ?? 0)));
    return { point: along(problem, near, length), step };
  });
  return unit(signed.map((value) => -value));
}

/** By how much the boundary's distance changes along a direction, per length: two searches of it at most. */
function* changeAlong(
  problem: Problem<'labels'>,
  parameters: Parameters,
  { direction, length }: Ray,
  by: Float32Array,
): Steps<number, 'labels'> {
  const width = Math.sqrt(numberOf(parameters, 'beta'));
  const most = length * 1.1;
  const near = unit(direction.map((value, i) => value + width * (by[i] ?? 0)));
  const found = yield* nearestAlong(problem, near, most, numberOf(parameters, 'tolerance') / 10);
  return (Math.min(found, most) - length) / width;
}

/** The surrogate's gradient at its own boundary along the ray, or at the target's where it has none; off the ray. */
function* priorsAt(problem: Problem<'labels'>, ray: Ray): Steps<readonly Float32Array[]> {
  const reached = function* (length: number): Steps<boolean> {
    const logits = yield* surrogateLogits(problem, along(problem, ray.direction, length));
    return isReached(problem.goal, argmax(logits));
  };
  let [low, high] = [0, 2 * ray.length];
  if (yield* reached(high)) {
    for (let halving = 0; halving < HALVINGS; halving++) {
      const middle = (low + high) / 2;
      if (yield* reached(middle)) high = middle;
      else low = middle;
    }
  } else high = ray.length;
  const { gradients } = yield* goalGradient(problem, along(problem, ray.direction, high));
  // The distance falls where the goal's gain rises.
  const prior = unit(off(gradients, [ray.direction]).map((value) => -value));
  return euclidean(prior) > 0 ? [prior] : [];
}

/** What of a vector is orthogonal to unit vectors that are so to each other. */
function off(vector: Float32Array, units: readonly Float32Array[]): Float32Array {
  const rest = vector.slice();
  for (const one of units) addScaled(rest, -dot(rest, one), one);
  return rest;
}

/** The vector at norm 1; zeros where it has no direction. */
function unit(vector: Float32Array): Float32Array {
  const length = euclidean(vector);
  return vector.map((value) => (length > 0 ? value / length : 0));
}
