import { project } from '@unpair/numerics';
import type { AttackDefinition } from '../attack.js';
import { gainOf } from '../goal.js';
import { query } from '../requests.js';
import { perPixel } from '../transfer/part.js';
import { BUDGET, SCORE_BASED } from './score-based.js';

/** The signs of the gradient by halving: of the whole input, of its halves, quarters, and so on. */
export const signHunter: AttackDefinition<'logits'> = {
  name: 'sign-hunter',
  description: 'Flips the signs of shorter and shorter stretches of a corner of the ball.',
  paper: 'Al-Dujaili and O’Reilly 2020, arXiv 1902.06894',
  ...SCORE_BASED,
  needsSurrogate: false,
  parameters: { budget: BUDGET },
  *run(problem) {
    const { input, goal } = problem;
    const size = input.length;
    const signs = new Int8Array(size).fill(1);
    const step = perPixel(problem.epsilon, problem);
    const corner = (): Float32Array => {
      const point = input.map((value, i) => value + step * (signs[i] ?? 0));
      project(point, input, problem);
      return point;
    };
    const flip = (first: number, end: number): void => {
      for (let i = first; i < end; i++) signs[i] = -(signs[i] ?? 0);
    };
    let best = gainOf(goal, (yield* query(problem, corner())).logits);
    for (let pieces = 1; ; pieces = pieces >= size ? 1 : pieces * 2) {
      const length = Math.max(1, Math.ceil(size / pieces));
      for (let first = 0; first < size; first += length) {
        const end = Math.min(size, first + length);
        flip(first, end);
        const gain = gainOf(goal, (yield* query(problem, corner())).logits);
        if (gain >= best || Number.isNaN(best)) best = gain;
        else flip(first, end);
      }
    }
  },
};
