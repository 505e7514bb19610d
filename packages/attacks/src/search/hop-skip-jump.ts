import type { Random } from '@unpair/numerics';
import { addScaled, distance, norm as euclidean, toPixel } from '@unpair/numerics';
import { numberOf } from '@unpair/parameters';
import type { AttackDefinition, Problem, Steps } from '../attack.js';
import { farStart, reaches, toBoundary, votesOf } from './boundary.js';
import { BUDGET, DECISION_BASED } from './score-based.js';

/** Probes for one estimate, at most. */
const MOST_PROBES = 10_000;
/** Halvings of a step that leads nowhere. */
const HALVINGS = 30;

/** Walks along the boundary by gradients estimated from labels. */
export const hopSkipJump: AttackDefinition<'labels'> = {
  name: 'hop-skip-jump',
  description: 'Walks along the boundary by gradients that are estimated from labels.',
  paper: 'Chen et al. 2020, arXiv 1904.02144',
  ...DECISION_BASED,
  norms: ['linf', 'l2'],
  parameters: {
    budget: BUDGET,
    gamma: {
      type: 'number',
      min: 1e-6,
      max: 1000,
      default: 1,
      description:
        'How near the boundary is found: in units of 1 / n^1.5 of the distance (l2), 1 / n² (linf).',
    },
    directions: {
      type: 'integer',
      min: 1,
      max: 10_000,
      default: 100,
      description: 'Probes of the first estimate; √t times as many of the t-th.',
    },
  },
  *run(problem, parameters, random) {
    const { input, norm } = problem;
    const size = input.length;
    const theta = numberOf(parameters, 'gamma') / (norm === 'l2' ? size ** 1.5 : size ** 2);
    let point = yield* toBoundary(problem, yield* farStart(problem, random), theta);
    for (let round = 1; ; round++) {
      const length = distance(point, input)[norm];
      const delta = round === 1 ? 0.1 : (norm === 'l2' ? Math.sqrt(size) : size) * theta * length;
      const probes = Math.min(MOST_PROBES, Math.trunc(numberOf(parameters, 'directions') * Math.sqrt(round)));
      const direction = yield* normalAt(problem, point, { probes, delta, random });
      const ahead = yield* stepAlong(problem, point, direction, length / Math.sqrt(round));
      point = yield* toBoundary(problem, ahead, theta);
    }
  },
};

/** The step that still reaches the goal, halved until it does; the point itself where none does. */
function* stepAlong(
  problem: Problem<'labels'>,
  point: Float32Array,
  direction: Float32Array,
  first: number,
): Steps<Float32Array, 'labels'> {
  let length = first;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const ahead = point.map((value, i) => toPixel(value + length * (direction[i] ?? 0)));
    if (yield* reaches(problem, ahead)) return ahead;
    length /= 2;
  }
  return point;
}

/** The direction away from the boundary into the goal's side: of norm 1 in l2, signs in linf. */
function* normalAt(
  problem: Problem<'labels'>,
  point: Float32Array,
  { probes, delta, random }: { readonly probes: number; readonly delta: number; readonly random: Random },
): Steps<Float32Array, 'labels'> {
  const { signed, plain, mean } = yield* votesOf(problem, probes, () => {
    const drawn = drawDirection(problem, random);
    const probe = point.map((value, i) => toPixel(value + delta * (drawn[i] ?? 0)));
    return { point: probe, step: probe.map((value, i) => value - (point[i] ?? 0)) };
  });
  // Where all agree there is no mean to take off, and their own mean is all that is known.
  if (Math.abs(mean) < 1) addScaled(signed, -mean, plain);
  const length = euclidean(signed) || 1;
  return signed.map((value) => (problem.norm === 'linf' ? Math.sign(value) : value / length));
}

/** Normals in l2, uniform values in linf, both of norm 1. */
function drawDirection({ norm, input }: Problem, random: Random): Float32Array {
  const drawn = new Float32Array(input.length);
  if (norm === 'l2') random.fillNormal(drawn);
  else for (let i = 0; i < drawn.length; i++) drawn[i] = 2 * random.uniform() - 1;
  const length = euclidean(drawn) || 1;
  return drawn.map((value) => value / length);
}
