import { argmax } from '@unpair/classifiers';
import type { Random } from '@unpair/numerics';
import type { Threat } from '@unpair/numerics';
import { randomStart } from '@unpair/numerics';
import type { AttackDefinition, Problem, Steps } from '../attack.js';
import { isReached } from '../goal.js';
import { climb } from './climb.js';
import { booleanOf, numberOf } from '@unpair/parameters';
import { goalGradient, query } from '../requests.js';
import { TRANSFERRED } from './transferred.js';

/** What PGD is where nothing else is said: measurements and defences that move inputs so take these too. */
export const PGD_DEFAULTS = {
  steps: 10,
  /** 2/255 at the usual epsilon of 8/255. */
  stepSize: ({ epsilon }: Pick<Threat, 'epsilon'>): number => epsilon / 4,
} as const;

/**
 * Projected gradient descent on the surrogate; the target sees one candidate. A restart runs only while the surrogate
 * still classifies every earlier candidate correctly; the first candidate that fools it is the one that is sent, and
 * the last one when none does.
 */
export const pgd: AttackDefinition<'label'> = {
  name: 'pgd',
  description: 'Projected gradient descent on the surrogate, transferred to the target.',
  paper: 'Madry et al. 2018, arXiv 1706.06083',
  ...TRANSFERRED,
  parameters: {
    steps: {
      type: 'integer',
      min: 1,
      max: 10_000,
      default: PGD_DEFAULTS.steps,
      description: 'Gradient steps per restart.',
    },
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
  *run(problem, parameters, random) {
    const settings: Settings = {
      steps: numberOf(parameters, 'steps'),
      stepSize: numberOf(parameters, 'stepSize') * (booleanOf(parameters, 'flipped') ? -1 : 1),
      randomStart: booleanOf(parameters, 'randomStart'),
      restarts: numberOf(parameters, 'restarts'),
    };
    yield* query(problem, yield* search(problem, settings, random));
  },
};

interface Settings {
  readonly steps: number;
  /** Below 0 to descend. */
  readonly stepSize: number;
  readonly randomStart: boolean;
  readonly restarts: number;
}

function* search(problem: Problem, settings: Settings, random: Random): Steps<Float32Array> {
  const { input, goal } = problem;
  for (let restart = 1; ; restart++) {
    const points = settings.randomStart ? randomStart(input, problem, random) : input.slice();
    yield* climb({ points, centres: input, count: 1, threat: problem, ...settings }, function* (point) {
      return (yield* goalGradient(problem, point)).gradients;
    });
    if (restart === settings.restarts) return points;
    const { logits } = yield* goalGradient(problem, points);
    if (isReached(goal, argmax(logits))) return points;
  }
}
