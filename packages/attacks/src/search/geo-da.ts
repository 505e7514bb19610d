import type { Random } from '@unpair/numerics';
import { distance, norm as euclidean, toPixel } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import type { AttackDefinition, Problem, Steps } from '../attack.js';
import { cosineTransform, matrix, separable, transposed } from '../transfer/separable.js';
import type { Matrix } from '../transfer/separable.js';
import { along, farStart, reaches, toBoundary, votesOf } from './boundary.js';
import { BUDGET, DECISION_BASED } from './score-based.js';

/** How the numbers of queries grow from round to round: by this to the power −2/3. */
const SHARE = 0.6;
/** Queries of the first round: rounds are added or taken away until it has so many. */
const FIRST = { least: 50, most: 80 } as const;
/** Lengths tried along the normal, each half as long again as the one before. */
const LENGTHENINGS = 30;
/** What the boundary's search leaves of a way. */
const TOLERANCE = 1e-4;

/** Takes the boundary for a plane: the nearest point of it lies along its normal, which labels around it give. */
export const geoDa: AttackDefinition<'labels'> = {
  name: 'geoda',
  description: 'Goes along the normal of the boundary, estimated from labels in a space of low frequencies.',
  paper: 'Rahmati et al. 2020, arXiv 2003.06468',
  ...DECISION_BASED,
  norms: ['linf', 'l2'],
  parameters: {
    budget: BUDGET,
    frequencies: {
      type: 'integer',
      min: 1,
      max: 1000,
      default: 10,
      description:
        'Frequencies each way that probes are made of, the lowest; the authors take 75 at 224 pixels.',
    },
    rounds: {
      type: 'integer',
      min: 1,
      max: 100,
      default: 8,
      description: 'Rounds among which queries are shared, before the first is given 50 to 80.',
    },
    sigma: { type: 'pixels', default: 2e-4, description: 'Standard deviation of a probe in each frequency.' },
  },
  *run(problem, parameters, random) {
    const { input, norm } = problem;
    let point = yield* toBoundary(problem, yield* farStart(problem, random), TOLERANCE);
    const shares = queriesOfRounds(numberOf(parameters, 'budget'), numberOf(parameters, 'rounds'));
    for (let round = 0; ; round++) {
      const count = shares[Math.min(round, shares.length - 1)] ?? 1;
      const normal = yield* normalAt(problem, point, { ...probing(parameters), count, random });
      const direction = norm === 'linf' ? normal.map(Math.sign) : normal;
      let length = distance(point, input)[norm];
      for (let tries = 0; tries < LENGTHENINGS; tries++, length *= 1.5) {
        const ahead = along(problem, direction, length);
        if (!(yield* reaches(problem, ahead))) continue;
        point = yield* toBoundary(problem, ahead, TOLERANCE);
        break;
      }
    }
  },
};

interface Probing {
  readonly frequencies: number;
  readonly sigma: number;
}

function probing(parameters: Parameters): Probing {
  return { frequencies: numberOf(parameters, 'frequencies'), sigma: numberOf(parameters, 'sigma') };
}

/**
 * How many queries each round has: more and more, so that the error falls as the boundary comes nearer.
 * @param rounds to begin with; there are as many as leave the first 50 to 80, where that can be
 */
export function queriesOfRounds(queries: number, rounds: number): readonly number[] {
  const tried = new Set<number>();
  for (let count = rounds; ;) {
    const shares = Array.from({ length: count }, (_, round) => SHARE ** ((-2 * round) / 3));
    const total = shares.reduce((sum, share) => sum + share, 0);
    const parts = shares.map((share) => Math.max(1, Math.round((queries * share) / total)));
    const [first = 0] = parts;
    tried.add(count);
    const next = first > FIRST.most ? count + 1 : first < FIRST.least ? count - 1 : count;
    if (next < 1 || tried.has(next)) return parts;
    count = next;
  }
}

/** The normal of the boundary at a point of it, toward the goal's side; of norm 1. */
function* normalAt(
  problem: Problem<'labels'>,
  point: Float32Array,
  { count, frequencies, sigma, random }: Probing & { readonly count: number; readonly random: Random },
): Steps<Float32Array, 'labels'> {
  const { shape } = problem;
  const [rows, columns] = [lowFrequencies(shape[1], frequencies), lowFrequencies(shape[2], frequencies)];
  const { signed: normal } = yield* votesOf(problem, count, () => {
    const drawn = new Float32Array(point.length);
    random.fillNormal(drawn);
    const step = separable(drawn, shape, rows, columns);
    return { point: point.map((value, i) => toPixel(value + sigma * (step[i] ?? 0))), step };
  });
  const length = euclidean(normal) || 1;
  return normal.map((value) => value / length);
}

/** Takes a side's values for coefficients of its lowest frequencies, and what they make: transposed DCT, cut off. */
function lowFrequencies(side: number, frequencies: number): Matrix {
  const { values } = transposed(cosineTransform(side));
  return matrix(side, (row, column) => (column < frequencies ? (values[row * side + column] ?? 0) : 0));
}
