import type { Random } from '@unpair/numerics';
import { addScaled, dot, norm, normaliseRms } from '@unpair/numerics';
import type { AttackDefinition, Problem, Steps } from '../attack.js';
import { gradientFreeParameters, searchSettings } from './gradient-free-parameters.js';
import { GradientFreeSearch } from './gradient-free-search.js';
import { numberOf } from '@unpair/parameters';
import type { Parameters } from '@unpair/parameters';
import { priorWeight } from './prior-weight.js';
import { goalGradient } from '../requests.js';
import { SCORE_BASED } from './score-based.js';

/** What σ is multiplied by when the prior did not move the loss at all. */
const PRIOR_GROWTH = 2;

/** Random gradient-free search with the surrogate's gradient as prior, weighted by how well it fits the target's. */
export const pRgf: AttackDefinition<'logits'> = {
  name: 'p-rgf',
  description: 'RGF whose random directions are biased toward the gradient of the surrogate.',
  paper: 'Cheng et al. 2019, arXiv 1906.06919',
  ...SCORE_BASED,
  needsSurrogate: true,
  withoutPrior: 'rgf',
  parameters: {
    ...gradientFreeParameters,
    smoothing: {
      type: 'integer',
      min: 0,
      max: 1000,
      default: 0,
      description: 'Noisy copies of the input whose gradients are averaged to a prior; 0: its own gradient.',
    },
    noise: {
      type: 'pixels',
      max: 1,
      default: 8 / 255,
      description: 'Standard deviation of that noise in each pixel.',
    },
  },
  run: (problem, parameters, random) => searchAlong(priorAt, problem, parameters, random),
};

/** P-RGF whose prior is the best direction in the space of all surrogates' gradients (decision 103). */
export const pRgfEach: AttackDefinition<'logits'> = {
  ...pRgf,
  name: 'p-rgf-each',
  description: 'P-RGF with the gradient of each surrogate as a prior, weighed by a query of its own.',
  run: (problem, parameters, random) => searchAlong(priorsAt, problem, parameters, random),
};

/** Gradients of the surrogates at a point, of which the search makes its prior. */
type Priors = (problem: Problem, point: Float32Array, smoothing: Smoothing) => Steps<readonly Float32Array[]>;

function* searchAlong(
  priors: Priors,
  problem: Problem<'logits'>,
  parameters: Parameters,
  random: Random,
): Steps<void, 'logits'> {
  const search = new GradientFreeSearch(problem, searchSettings(parameters), random);
  const samples = numberOf(parameters, 'samples');
  const copies = numberOf(parameters, 'smoothing');
  const smoothing = { copies, noise: numberOf(parameters, 'noise'), random };
  let squaredNorm = 0;
  for (let iteration = 0; search.remaining > 1; iteration++) {
    const basis = orthogonal(yield* priors(problem, search.point, smoothing));
    const isDue = iteration % 10 === 0 || iteration === 3;
    const fit = basis.length > 0 ? yield* align(search, basis, isDue ? 0 : squaredNorm) : null;
    squaredNorm = fit?.squaredNorm ?? squaredNorm;
    // What of the priors' space is no use is left out of random directions, so that these have fewer dimensions.
    const dimension = problem.input.length - (fit?.across.length ?? 0);
    const weight = priorWeight(fit?.alpha ?? 0, dimension, samples);
    if (fit !== null && weight === 1) yield* search.step(fit.direction);
    else if (yield* search.estimateGradient(fit === null || weight === 0 ? null : { ...fit, weight })) {
      yield* search.step(search.gradient);
    }
  }
}

interface Smoothing {
  readonly random: Random;
  readonly copies: number;
  readonly noise: number;
}

/** The gradient of each surrogate at `point`. */
function* priorsAt(
  problem: Problem,
  point: Float32Array,
  smoothing: Smoothing,
): Steps<readonly Float32Array[]> {
  const priors: Float32Array[] = [];
  for (let surrogate = 0; surrogate < problem.surrogates; surrogate++) {
    priors.push(...(yield* priorAt(problem, point, smoothing, surrogate)));
  }
  return priors;
}

/**
 * The gradient of one surrogate at `point`, or the mean of all; with smoothing, the mean gradient of noisy copies
 * (SmoothGrad, Smilkov et al. 2017, arXiv 1706.03825).
 */
function* priorAt(
  problem: Problem,
  point: Float32Array,
  { copies, noise, random }: Smoothing,
  surrogate?: number,
): Steps<readonly Float32Array[]> {
  if (copies === 0) return [(yield* goalGradient(problem, point, 1, surrogate)).gradients.slice()];
  const size = point.length;
  const inputs = new Float32Array(copies * size);
  random.fillNormal(inputs);
  for (let i = 0; i < inputs.length; i++) inputs[i] = (point[i % size] ?? 0) + noise * (inputs[i] ?? 0);
  const { gradients } = yield* goalGradient(problem, inputs, copies, surrogate);
  const prior = new Float32Array(size);
  for (let row = 0; row < copies; row++)
    addScaled(prior, 1, gradients.subarray(row * size, (row + 1) * size));
  return [prior];
}

/** What of a prior lies within others, as a share of its length, before nothing new is left of it. */
const DEPENDENT = 1e-3;

/** Orthogonal directions of root-mean-square 1 that span the same (Gram and Schmidt); those without a direction add none. */
function orthogonal(vectors: readonly Float32Array[]): Float32Array[] {
  const basis: Float32Array[] = [];
  for (const vector of vectors) {
    if (!normaliseRms(vector)) continue;
    for (const other of basis) addScaled(vector, -dot(vector, other) / vector.length, other);
    const isNew = basis.length === 0 || norm(vector) > DEPENDENT * Math.sqrt(vector.length);
    if (isNew && (basis.length === 0 || normaliseRms(vector))) basis.push(vector);
  }
  return basis;
}

/** How priors fit the target. */
interface Fit {
  /** What the target's gradient is within the space of the priors, of root-mean-square 1. */
  readonly direction: Float32Array;
  /** The rest of that space, in which the target's gradient has no part. */
  readonly across: readonly Float32Array[];
  /** Cosine between the direction and the target's gradient, not negative; 0 where the loss does not tell. */
  readonly alpha: number;
  /** Of the target's gradient; 0 while no difference that was taken for it has moved the loss. */
  readonly squaredNorm: number;
}

/**
 * The direction of the priors' space that fits the target best, and its cosine α with the target's gradient: from one
 * finite difference along each prior, and the gradient's norm. A prior that points downhill is turned round. Without a
 * norm a prior has no weight: any α could be made of nothing. So differences that had to grow along the priors, as where
 * the target rounds its input, are taken for the norm again.
 * @param basis orthogonal priors; of one, the direction is the prior itself
 * @param known squared norm of the target's gradient; 0 to have it estimated
 */
function* align(
  search: GradientFreeSearch,
  basis: readonly Float32Array[],
  known: number,
): Steps<Fit, 'logits'> {
  const { sigma } = search;
  let squaredNorm = known === 0 ? yield* search.estimateSquaredNorm() : known;
  let rises = yield* risesAlong(search, basis);
  while (rises.every((rise) => rise === 0) && search.growSigma(PRIOR_GROWTH)) {
    rises = yield* risesAlong(search, basis);
  }
  const rise = Math.sqrt(rises.reduce((sum, along) => sum + along * along, 0));
  if (squaredNorm === 0 && rise !== 0 && search.sigma > sigma)
    squaredNorm = yield* search.estimateSquaredNorm();
  if (squaredNorm === 0 || rise === 0) return { ...turned(basis, rises, rise), alpha: 0, squaredNorm };
  const scale = Math.sqrt(search.point.length * squaredNorm);
  const alpha = Math.min(1, rise / search.sigma / Math.max(scale, 1e-12));
  return { ...turned(basis, rises, rise), alpha, squaredNorm };
}

function* risesAlong(search: GradientFreeSearch, basis: readonly Float32Array[]): Steps<number[], 'logits'> {
  const rises: number[] = [];
  for (const prior of basis) rises.push(yield* search.riseAlong(prior));
  return rises;
}

/** Turns an orthogonal basis so that its first direction is the one of the rises. */
function turned(
  basis: readonly Float32Array[],
  rises: readonly number[],
  rise: number,
): Pick<Fit, 'direction' | 'across'> {
  const direction = new Float32Array(basis[0]?.length ?? 0);
  basis.forEach((prior, i) => {
    addScaled(direction, rise === 0 ? Number(i === 0) : (rises[i] ?? 0) / rise, prior);
  });
  if (basis.length === 1) return { direction, across: [] };
  const [, ...across] = orthogonal([direction, ...basis].map((vector) => vector.slice()));
  return { direction, across };
}
