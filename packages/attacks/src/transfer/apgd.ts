import type { Random } from '@unpair/numerics';
import { project, randomStart } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import { booleanOf, numberOf } from '@unpair/parameters';
import type { AttackDefinition, Problem, Steps } from '../attack.js';
import { query } from '../requests.js';
import { stepUp } from './ascent.js';
import { STEPS } from './iterative.js';
import { LOSSES } from './losses.js';
import type { LossAnswer } from './losses.js';
import { TRANSFERRED } from './transferred.js';

/** Share of a step that is new; the rest repeats the step before. */
const NEW = 0.75;
/** Share of the steps since the last checkpoint that must have raised the loss for the step size to stay. */
const RISING = 0.75;
const FIRST_CHECKPOINT = 0.22;
const SHORTER = 0.03;
const SHORTEST = 0.06;

export const apgdCe = apgd('apgd-ce', 'cross-entropy', 'cross-entropy');
export const apgdDlr = apgd('apgd-dlr', 'dlr', 'difference of logits ratio');

/** Auto-PGD: no step size to choose, it halves where the loss stops rising; the best point goes to the target. */
function apgd(name: string, loss: keyof typeof LOSSES, noun: string): AttackDefinition<'labels'> {
  return {
    name,
    description: `Gradient ascent on the surrogate's ${noun} that halves its steps by itself.`,
    paper: 'Croce and Hein 2020, arXiv 2003.01690',
    ...TRANSFERRED,
    parameters: {
      steps: { ...STEPS, default: 100 },
      randomStart: { type: 'boolean', default: true, description: 'Start at a random point of the ball.' },
    },
    *run(problem, parameters, random) {
      const lossAt = (point: Float32Array): Steps<LossAnswer> => LOSSES[loss](problem, point, 1);
      yield* query(problem, yield* bestPoint(problem, parameters, random, lossAt));
    },
  };
}

function* bestPoint(
  problem: Problem,
  parameters: Parameters,
  random: Random,
  lossAt: (point: Float32Array) => Steps<LossAnswer>,
): Steps<Float32Array> {
  const { input } = problem;
  const steps = numberOf(parameters, 'steps');
  const due = checkpoints(steps);
  let size = 2 * problem.epsilon;
  let point = booleanOf(parameters, 'randomStart') ? randomStart(input, problem, random) : input.slice();
  let before = point;
  let { values, gradients } = yield* lossAt(point);
  let best = { point, value: values[0] ?? 0, gradient: gradients.slice() };
  let [last, risen, since, halved, bestThen] = [best.value, 0, 0, false, best.value];
  for (let step = 0; step < steps; step++) {
    const next = moved(problem, point, before, { gradient: gradients, size, isFirst: step === 0 });
    [before, point] = [point, next];
    ({ values, gradients } = yield* lossAt(point));
    const value = values[0] ?? 0;
    if (value > last) risen++;
    last = value;
    if (value > best.value) best = { point, value, gradient: gradients.slice() };
    since++;
    if (!due.has(step + 1)) continue;
    const stalls = risen < RISING * since || (!halved && best.value <= bestThen);
    [risen, since, halved, bestThen] = [0, 0, stalls, best.value];
    if (!stalls) continue;
    size /= 2;
    [point, before, gradients, last] = [best.point, best.point, best.gradient, best.value];
  }
  return best.point;
}

/** One step with the inertia of the one before; the first has none. */
function moved(
  problem: Problem,
  point: Float32Array,
  before: Float32Array,
  {
    gradient,
    size,
    isFirst,
  }: { readonly gradient: Float32Array; readonly size: number; readonly isFirst: boolean },
): Float32Array {
  const ahead = point.slice();
  stepUp(ahead, gradient, size, { centre: problem.input, threat: problem });
  const share = isFirst ? 1 : NEW;
  const next = point.map(
    (value, i) => value + share * ((ahead[i] ?? 0) - value) + (1 - share) * (value - (before[i] ?? 0)),
  );
  project(next, problem.input, problem);
  return next;
}

/** Steps after which the step size is judged: 0.22 of them, then shorter and shorter stretches. */
export function checkpoints(steps: number): ReadonlySet<number> {
  const shares = [0, FIRST_CHECKPOINT];
  for (;;) {
    const [one = 0, two = 0] = shares.slice(-2);
    const next = two + Math.max(two - one - SHORTER, SHORTEST);
    if (next > 1) break;
    shares.push(next);
  }
  return new Set(shares.slice(1).map((share) => Math.ceil(share * steps - 1e-9)));
}
