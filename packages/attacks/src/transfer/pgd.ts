import type { Threat } from '@unpair/numerics';
import { booleanOf, numberOf } from '@unpair/parameters';
import { iterative, STEPS } from './iterative.js';

/** What PGD is where nothing else is said: measurements and defences that move inputs so take these too. */
export const PGD_DEFAULTS = {
  steps: 10,
  /** 2/255 at the usual epsilon of 8/255. */
  stepSize: ({ epsilon }: Pick<Threat, 'epsilon'>): number => epsilon / 4,
} as const;

/** Projected gradient descent on the surrogate; the target sees one candidate. */
export const pgd = iterative({
  name: 'pgd',
  description: 'Projected gradient descent on the surrogate, transferred to the target.',
  paper: 'Madry et al. 2018, arXiv 1706.06083',
  schedule: {
    parameters: {
      steps: { ...STEPS, default: PGD_DEFAULTS.steps, description: 'Gradient steps per restart.' },
      stepSize: {
        type: 'pixels',
        default: null,
        derived: { text: 'epsilon / 4', of: PGD_DEFAULTS.stepSize },
        description: 'Length of a step in the norm of the threat; 2/255 at the usual epsilon of 8/255.',
      },
      flipped: {
        type: 'boolean',
        default: false,
        description: 'Lower the loss of the surrogate: against models whose gradients oppose each other.',
      },
      randomStart: { type: 'boolean', default: true, description: 'Start at a random point of the ball.' },
      restarts: {
        type: 'integer',
        min: 1,
        max: 1000,
        default: 1,
        description: 'Runs from fresh starts, until one fools the surrogate.',
      },
    },
    of: (_problem, parameters) => ({
      steps: numberOf(parameters, 'steps'),
      stepSize: numberOf(parameters, 'stepSize') * (booleanOf(parameters, 'flipped') ? -1 : 1),
      randomStart: booleanOf(parameters, 'randomStart'),
      restarts: numberOf(parameters, 'restarts'),
    }),
  },
  parts: [],
});
