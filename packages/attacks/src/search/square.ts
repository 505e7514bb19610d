import type { Random } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import type { AttackDefinition, AttackRun, Problem } from '../attack.js';
import { numberOf } from '@unpair/parameters';
import { squareL2 } from './square-l2.js';
import { squareLinf } from './square-linf.js';
import { BUDGET, SCORE_BASED } from './score-based.js';

/** Random search over localised square changes; needs neither gradients nor a surrogate. */
export const square: AttackDefinition<'logits'> = {
  name: 'square',
  description: 'Random search over square-shaped changes at the boundary of the ball.',
  paper: 'Andriushchenko et al. 2020, arXiv 1912.00049',
  ...SCORE_BASED,
  needsSurrogate: false,
  parameters: {
    budget: BUDGET,
    pInit: {
      type: 'number',
      min: 1e-6,
      max: 1,
      default: null,
      derived: { text: '0.05 (linf), 0.1 (l2)', of: ({ norm }) => (norm === 'linf' ? 0.05 : 0.1) },
      description: 'Share of the pixels that the first squares change.',
    },
  },
  run: (problem, parameters, random) => squareFrom(problem, parameters, random),
};

/** Square from a point, which it changes, or from its own stripes or bumps. */
export function squareFrom(
  problem: Problem<'logits'>,
  parameters: Parameters,
  random: Random,
  start?: Float32Array,
): AttackRun<'logits'> {
  const settings = { budget: numberOf(parameters, 'budget'), pInit: numberOf(parameters, 'pInit') };
  return problem.norm === 'linf'
    ? squareLinf(problem, settings, random, start)
    : squareL2(problem, settings, random, start);
}
