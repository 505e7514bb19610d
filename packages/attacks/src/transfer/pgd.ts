import { argmax } from '@unpair/classifiers';
import type { Random } from '@unpair/numerics';
import { project, randomStart } from '@unpair/numerics';
import { ascend } from './ascent.js';
import type { Answer, AttackDefinition, AttackRun, Problem, Request } from '../attack.js';
import { booleanOf, numberOf } from '@unpair/parameters';
import { gradient, query } from '../requests.js';

/**
 * Projected gradient descent on the surrogate; the target sees one candidate. A restart runs only while the surrogate
 * still classifies every earlier candidate correctly; the first candidate that fools it is the one that is sent, and
 * the last one when none does.
 */
export const pgd: AttackDefinition = {
  name: 'pgd',
  description: 'Projected gradient descent on the surrogate, transferred to the target.',
  paper: 'Madry et al. 2018, arXiv 1706.06083',
  needsSurrogate: true,
  usesQueries: false,
  norms: ['linf', 'l2'],
  parameters: {
    steps: { type: 'integer', min: 1, max: 10_000, default: 10, description: 'Gradient steps per restart.' },
    stepSize: {
      type: 'pixels',
      default: null,
      derived: { text: 'epsilon / 4', of: ({ epsilon }) => epsilon / 4 },
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
    yield* query(yield* search(problem, settings, random));
  },
};

interface Settings {
  readonly steps: number;
  /** Below 0 to descend. */
  readonly stepSize: number;
  readonly randomStart: boolean;
  readonly restarts: number;
}

function* search(
  problem: Problem,
  settings: Settings,
  random: Random,
): Generator<Request, Float32Array, Answer> {
  for (let restart = 1; ; restart++) {
    const start = settings.randomStart ? randomStart(problem.input, problem, random) : problem.input.slice();
    yield* climb(start, problem, settings);
    if (restart === settings.restarts) return start;
    const { logits } = yield* gradient(start);
    if (argmax(logits) !== problem.label) return start;
  }
}

/** Moves `point` in place by all steps of one restart. */
function* climb(point: Float32Array, problem: Problem, { steps, stepSize }: Settings): AttackRun {
  for (let step = 0; step < steps; step++) {
    const { gradients } = yield* gradient(point);
    ascend(point, gradients, stepSize, problem.norm);
    project(point, problem.input, problem);
  }
}
