import type { Random } from '@unpair/numerics';
import { addScaled, normaliseRms } from '@unpair/numerics';
import type { AttackDefinition, Problem, Steps } from '../attack.js';
import { gradientFreeParameters, searchSettings } from './gradient-free-parameters.js';
import { GradientFreeSearch } from './gradient-free-search.js';
import { numberOf } from '@unpair/parameters';
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
  *run(problem, parameters, random) {
    const search = new GradientFreeSearch(problem, searchSettings(parameters), random);
    const samples = numberOf(parameters, 'samples');
    const prior = new Float32Array(problem.input.length);
    const smoothing = { copies: numberOf(parameters, 'smoothing'), noise: numberOf(parameters, 'noise') };
    let fit: Fit = { alpha: 0, squaredNorm: 0 };
    for (let iteration = 0; search.remaining > 1; iteration++) {
      const usable = yield* priorAt(problem, search.point, prior, { ...smoothing, random });
      const isDue = iteration % 10 === 0 || iteration === 3;
      fit = usable ? yield* align(search, prior, isDue ? 0 : fit.squaredNorm) : { ...fit, alpha: 0 };
      const weight = priorWeight(fit.alpha, prior.length, samples);
      if (weight === 1) yield* search.step(prior);
      else if (yield* search.estimateGradient(weight === 0 ? null : { direction: prior, weight })) {
        yield* search.step(search.gradient);
      }
    }
  },
};

interface Smoothing {
  readonly random: Random;
  readonly copies: number;
  readonly noise: number;
}

/**
 * Writes the surrogate's gradient at `point` to `prior`, root-mean-square 1; with smoothing, the mean gradient of noisy
 * copies (SmoothGrad, Smilkov et al. 2017, arXiv 1706.03825). False when it has no direction.
 */
function* priorAt(
  problem: Problem,
  point: Float32Array,
  prior: Float32Array,
  { copies, noise, random }: Smoothing,
): Steps<boolean> {
  if (copies === 0) {
    prior.set((yield* goalGradient(problem, point)).gradients);
    return normaliseRms(prior);
  }
  const size = point.length;
  const inputs = new Float32Array(copies * size);
  random.fillNormal(inputs);
  for (let i = 0; i < inputs.length; i++) inputs[i] = (point[i % size] ?? 0) + noise * (inputs[i] ?? 0);
  const { gradients } = yield* goalGradient(problem, inputs, copies);
  prior.fill(0);
  for (let row = 0; row < copies; row++)
    addScaled(prior, 1, gradients.subarray(row * size, (row + 1) * size));
  return normaliseRms(prior);
}

/** How a prior fits the target. */
interface Fit {
  /** Cosine between the prior and the target's gradient, not negative; 0 where the loss does not tell. */
  readonly alpha: number;
  /** Of the target's gradient; 0 while no difference that was taken for it has moved the loss. */
  readonly squaredNorm: number;
}

/**
 * Cosine α between the prior and the target's gradient, from one finite difference along the prior and the gradient's
 * norm. A prior that points downhill is turned round. Without a norm the prior has no weight: any α could be made of
 * nothing. So differences that had to grow along the prior, as where the target rounds its input, are taken for the
 * norm again.
 * @param known squared norm of the target's gradient; 0 to have it estimated
 */
function* align(search: GradientFreeSearch, prior: Float32Array, known: number): Steps<Fit, 'logits'> {
  const { sigma } = search;
  let squaredNorm = known === 0 ? yield* search.estimateSquaredNorm() : known;
  let rise = yield* search.riseAlong(prior);
  while (rise === 0 && search.growSigma(PRIOR_GROWTH)) rise = yield* search.riseAlong(prior);
  if (rise < 0) for (let i = 0; i < prior.length; i++) prior[i] = -(prior[i] ?? 0);
  const isLonger = rise !== 0 && search.sigma > sigma;
  if (squaredNorm === 0 && isLonger) squaredNorm = yield* search.estimateSquaredNorm();
  if (squaredNorm === 0 || rise === 0) return { alpha: 0, squaredNorm };
  const scale = Math.sqrt(prior.length * squaredNorm);
  return { alpha: Math.min(1, Math.abs(rise) / search.sigma / Math.max(scale, 1e-12)), squaredNorm };
}
