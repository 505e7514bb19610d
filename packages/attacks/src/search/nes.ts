import type { Random } from '@unpair/numerics';
import { addScaled, toPixel } from '@unpair/numerics';
import type { ParameterSpecs, Parameters } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import type { AttackDefinition, AttackRun, Problem, Steps } from '../attack.js';
import { gainOf } from '../goal.js';
import { query } from '../requests.js';
import { stepUp } from '../transfer/ascent.js';
import { BUDGET, SCORE_BASED } from './score-based.js';

/** Parameters of NES, with the authors' defaults. */
export const nesParameters: ParameterSpecs = {
  budget: BUDGET,
  samples: {
    type: 'integer',
    min: 2,
    max: 10_000,
    default: 50,
    description: 'Probes for one estimate of the gradient, in pairs of opposite directions.',
  },
  sigma: { type: 'pixels', default: 1e-3, description: 'Standard deviation of a probe in each pixel.' },
  momentum: { type: 'number', min: 0, max: 1, default: 0.9, description: 'Share of earlier estimates.' },
  stepSize: {
    type: 'pixels',
    default: null,
    derived: { text: 'epsilon / 5', of: ({ epsilon }) => epsilon / 5 },
    description: 'Length of a step in the norm of the threat; .01 at an epsilon of .05.',
  },
};

/** Natural evolution strategies: ascends an estimate of the gradient from pairs of opposite random probes. */
export const nes: AttackDefinition<'logits'> = {
  name: 'nes',
  description: 'Ascends a gradient estimated from pairs of opposite random probes.',
  paper: 'Ilyas et al. 2018, arXiv 1804.08598',
  ...SCORE_BASED,
  needsSurrogate: false,
  parameters: nesParameters,
  run: (problem, parameters, random) => nesFrom(problem, parameters, random, problem.input.slice()),
};

/** NES from a point, which it moves. */
export function* nesFrom(
  problem: Problem<'logits'>,
  parameters: Parameters,
  random: Random,
  point: Float32Array,
): AttackRun<'logits'> {
  const kept = numberOf(parameters, 'momentum');
  const direction = new Float32Array(point.length);
  for (;;) {
    const estimate = yield* estimateAt(problem, parameters, random, point);
    for (let i = 0; i < direction.length; i++) {
      direction[i] = kept * (direction[i] ?? 0) + (1 - kept) * (estimate[i] ?? 0);
    }
    const ball = { centre: problem.input, threat: problem };
    stepUp(point, direction, numberOf(parameters, 'stepSize'), ball);
    yield* query(problem, point);
  }
}

/** mean(gain · u) / σ over pairs u, −u. Probes stay within [0, 1]: services have no answer outside. */
function* estimateAt(
  problem: Problem<'logits'>,
  parameters: Parameters,
  random: Random,
  point: Float32Array,
): Steps<Float32Array, 'logits'> {
  const size = point.length;
  const pairs = Math.max(1, numberOf(parameters, 'samples') >> 1);
  const sigma = numberOf(parameters, 'sigma');
  const normals = new Float32Array(pairs * size);
  random.fillNormal(normals);
  const probes = new Float32Array(2 * pairs * size);
  for (let i = 0; i < normals.length; i++) {
    const [at, move] = [point[i % size] ?? 0, sigma * (normals[i] ?? 0)];
    probes[i] = toPixel(at + move);
    probes[normals.length + i] = toPixel(at - move);
  }
  const { logits } = yield* query(problem, probes, 2 * pairs);
  const estimate = new Float32Array(size);
  const gainAt = (row: number): number =>
    gainOf(problem.goal, logits, row * problem.classes, problem.classes);
  for (let pair = 0; pair < pairs; pair++) {
    const rise = gainAt(pair) - gainAt(pairs + pair);
    if (Number.isNaN(rise)) continue;
    addScaled(estimate, rise / (2 * pairs * sigma), normals.subarray(pair * size, (pair + 1) * size));
  }
  return estimate;
}
