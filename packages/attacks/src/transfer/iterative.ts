import { argmax } from '@unpair/classifiers';
import { randomStart } from '@unpair/numerics';
import type { Random } from '@unpair/numerics';
import type { ParameterSpec, ParameterSpecs, Parameters } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import type { AttackDefinition, Problem, Steps } from '../attack.js';
import { isReached } from '../goal.js';
import { goalGradient, query } from '../requests.js';
import { climb } from './climb.js';
import { LOSSES } from './losses.js';
import type { Ascent, GradientsAt, Part } from './part.js';
import { compose, parametersOf, perPixel } from './part.js';
import { TRANSFERRED } from './transferred.js';

/** How an ascent runs, whatever it goes by. */
export interface Plan {
  readonly steps: number;
  /** Length of a step in the norm of the threat; below 0 to descend. */
  readonly stepSize: number;
  readonly randomStart: boolean;
  /** Runs from fresh starts, until one fools the surrogate. */
  readonly restarts: number;
}

/** The slot that says how long, how far and from where. */
export interface Schedule {
  readonly parameters: ParameterSpecs;
  of(problem: Problem, parameters: Parameters): Plan;
}

/** An iterative attack as a filling of its slots. */
export interface Preset {
  readonly name: string;
  readonly description: string;
  readonly paper: string;
  readonly schedule: Schedule;
  /** What the gradient of a step goes through, the outermost first. */
  readonly parts: readonly Part[];
  /** What is climbed. Default: the cross-entropy. */
  readonly loss?: keyof typeof LOSSES;
}

/** Steps of epsilon / steps from the clean input: those of MI-FGSM and its variants. */
export function evenSteps(steps = 10): Schedule {
  return {
    parameters: { steps: { ...STEPS, default: steps, description: 'Steps of epsilon / steps.' } },
    of: ({ epsilon }, parameters) => {
      const count = numberOf(parameters, 'steps');
      return { steps: count, stepSize: epsilon / count, randomStart: false, restarts: 1 };
    },
  };
}

/** How many gradient steps there are. */
export const STEPS: ParameterSpec & { readonly type: 'integer' } = {
  type: 'integer',
  min: 1,
  max: 10_000,
  default: 10,
  description: 'Gradient steps.',
};

/** The length of a step where that does not follow from their number: a share of epsilon, said in words too. */
export function stepSizeOf(share: number, text: string, description: string): ParameterSpec {
  const of = ({ epsilon }: { readonly epsilon: number }): number => epsilon * share;
  return { type: 'pixels', default: null, derived: { text, of }, description };
}

/** The one iterative transfer attack: gradient ascent on the surrogate with these slots; the target sees its end. */
export function iterative({
  name,
  description,
  paper,
  schedule,
  parts,
  loss,
}: Preset): AttackDefinition<'labels'> {
  const lossOf = LOSSES[loss ?? 'cross-entropy'];
  return {
    ...{ name, description, paper, ...TRANSFERRED },
    parameters: { ...schedule.parameters, ...parametersOf(parts) },
    *run(problem, parameters, random) {
      const innermost: GradientsAt = function* (points, count) {
        return (yield* lossOf(problem, points, count)).gradients;
      };
      const plan = schedule.of(problem, parameters);
      const slots = { plan, start: (ascent: Ascent) => compose(parts, innermost, ascent) };
      yield* query(problem, yield* search(problem, parameters, random, slots));
    },
  };
}

interface Slots {
  readonly plan: Plan;
  /** Starts the parts anew. */
  readonly start: (ascent: Ascent) => GradientsAt;
}

/**
 * A restart runs only while the surrogate still classifies every earlier candidate correctly; the first candidate that
 * fools it is the one that is sent, and the last one when none does.
 */
export function* search(
  problem: Problem,
  parameters: Parameters,
  random: Random,
  { plan, start }: Slots,
): Steps<Float32Array> {
  const { input, goal } = problem;
  const pixelStep = perPixel(plan.stepSize, problem);
  for (let restart = 1; ; restart++) {
    const points = plan.randomStart ? randomStart(input, problem, random) : input.slice();
    const momentum = new Float32Array(input.length);
    const gradientsAt = start({ problem, parameters, random, pixelStep, momentum });
    yield* climb({ points, centres: input, count: 1, threat: problem, ...plan }, (point) =>
      gradientsAt(point, 1),
    );
    if (restart === plan.restarts) return points;
    const { logits } = yield* goalGradient(problem, points);
    if (isReached(goal, argmax(logits))) return points;
  }
}
