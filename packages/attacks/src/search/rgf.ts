import type { AttackDefinition } from '../attack.js';
import { gradientFreeParameters, searchSettings } from './gradient-free-parameters.js';
import { GradientFreeSearch } from './gradient-free-search.js';
import { SCORE_BASED } from './score-based.js';

/** Random gradient-free search: the baseline that knows no surrogate. */
export const rgf: AttackDefinition<'logits'> = {
  name: 'rgf',
  description: 'Ascends a gradient estimated from random finite differences of the target.',
  paper: 'Cheng et al. 2019, arXiv 1906.06919',
  ...SCORE_BASED,
  needsSurrogate: false,
  parameters: gradientFreeParameters,
  *run(problem, parameters, random) {
    const search = new GradientFreeSearch(problem, searchSettings(parameters), random);
    while (yield* search.estimateGradient(null)) yield* search.step(search.gradient);
  },
};
