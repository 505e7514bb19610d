import { normaliseRms } from '../vectors.js';
import type { Answer, AttackDefinition, Request } from './attack.js';
import { gradientFreeParameters, searchSettings } from './gradient-free-parameters.js';
import { GradientFreeSearch } from './gradient-free-search.js';
import { numberOf } from './parameters.js';
import { priorWeight } from './prior-weight.js';
import { gradient } from './requests.js';

/** What σ is multiplied by when the prior did not move the loss at all. */
const PRIOR_GROWTH = 2;

/** Random gradient-free search with the surrogate's gradient as prior, weighted by how well it fits the target's. */
export const pRgf: AttackDefinition = {
  name: 'p-rgf',
  description: 'RGF whose random directions are biased toward the gradient of the surrogate.',
  paper: 'Cheng et al. 2019, arXiv 1906.06919',
  needsSurrogate: true,
  usesQueries: true,
  withoutPrior: 'rgf',
  norms: ['linf', 'l2'],
  parameters: gradientFreeParameters,
  *run(problem, parameters, random) {
    const search = new GradientFreeSearch(problem, searchSettings(parameters), random);
    const samples = numberOf(parameters, 'samples');
    const prior = new Float32Array(problem.input.length);
    let squaredNorm = 0;
    for (let iteration = 0; search.remaining > 1; iteration++) {
      const usable = yield* priorAt(search.point, prior);
      if (usable && (iteration % 10 === 0 || iteration === 3)) {
        squaredNorm = yield* search.estimateSquaredNorm();
      }
      const alpha = usable ? yield* align(search, prior, squaredNorm) : 0;
      const weight = priorWeight(alpha, prior.length, samples);
      if (weight === 1) yield* search.step(prior);
      else if (yield* search.estimateGradient(weight === 0 ? null : { direction: prior, weight })) {
        yield* search.step(search.gradient);
      }
    }
  },
};

/** Writes the surrogate's gradient at `point` to `prior`, root-mean-square 1. False when it has no direction. */
function* priorAt(point: Float32Array, prior: Float32Array): Generator<Request, boolean, Answer> {
  prior.set((yield* gradient(point)).gradients);
  return normaliseRms(prior);
}

/**
 * Cosine α between the prior and the target's gradient, from one finite difference along the prior and the gradient's
 * norm. A prior that points downhill is turned round.
 */
function* align(
  search: GradientFreeSearch,
  prior: Float32Array,
  squaredNorm: number,
): Generator<Request, number, Answer> {
  let rise = yield* search.riseAlong(prior);
  while (rise === 0 && search.growSigma(PRIOR_GROWTH)) rise = yield* search.riseAlong(prior);
  if (rise < 0) for (let i = 0; i < prior.length; i++) prior[i] = -(prior[i] ?? 0);
  if (rise === 0) return 0;
  const scale = Math.sqrt(prior.length * squaredNorm);
  return Math.min(1, Math.abs(rise) / search.sigma / Math.max(scale, 1e-12));
}
