import type { AttackDefinition, Problem, Steps } from '../../src/attack.js';
import { isReached } from '../../src/goal.js';
import { query } from '../../src/requests.js';
import { numberOf } from '@unpair/parameters';

/** Looks for the nearest example by labels alone: along lines to random images, by halving. */
export const lineSearch: AttackDefinition<'labels'> = {
  name: 'line-search',
  description: 'Halves the way to random images of another class.',
  paper: 'none: an example of an attack',
  access: 'labels',
  goals: ['avoid', 'reach'],
  finds: 'nearest',
  needsSurrogate: false,
  budget: 'queries',
  norms: ['linf', 'l2'],
  parameters: {
    queries: { type: 'integer', min: 1, default: 1000, description: 'Queries that one sample may spend.' },
    halvings: { type: 'integer', min: 1, max: 50, default: 10, description: 'Halvings of one way.' },
  },
  *run(problem, parameters, random) {
    // Until the oracle ends it: its budget is spent, or nobody wants to know more.
    for (;;) {
      const far = problem.input.map(() => random.uniform());
      if (yield* reaches(problem, far)) yield* halve(problem, far, numberOf(parameters, 'halvings'));
    }
  },
};

/** Asks nearer and nearer to the boundary between the clean input and an image that reaches the goal. */
function* halve(problem: Problem<'labels'>, far: Float32Array, halvings: number): Steps<void, 'labels'> {
  let [least, most] = [0, 1];
  for (let step = 0; step < halvings; step++) {
    const share = (least + most) / 2;
    const point = problem.input.map((value, i) => value + share * ((far[i] ?? 0) - value));
    if (yield* reaches(problem, point)) most = share;
    else least = share;
  }
}

/** One query: what the attack goes by. Whether it counts as an example, the oracle decides for itself. */
function* reaches(problem: Problem<'labels'>, point: Float32Array): Steps<boolean, 'labels'> {
  const { labels } = yield* query(problem, point);
  return isReached(problem.goal, labels[0] ?? -1);
}
