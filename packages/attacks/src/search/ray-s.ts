import { numberOf } from '@unpair/parameters';
import type { AttackDefinition } from '../attack.js';
import { nearestAlong } from './boundary.js';
import { BUDGET, DECISION_BASED } from './score-based.js';

/** Searches directions to corners: blocks of signs are flipped, and kept if the boundary is nearer that way. */
export const rayS: AttackDefinition<'labels'> = {
  name: 'ray-s',
  description:
    'Flips the signs of shorter and shorter blocks of the direction in which the boundary is nearest.',
  paper: 'Chen and Gu 2020, arXiv 2006.12792',
  ...DECISION_BASED,
  norms: ['linf'],
  parameters: {
    budget: BUDGET,
    tolerance: {
      type: 'pixels',
      max: 1,
      default: 1e-3,
      description: 'How near the boundary is found along a direction.',
    },
  },
  *run(problem, parameters) {
    const size = problem.input.length;
    const tolerance = numberOf(parameters, 'tolerance');
    const signs = new Int8Array(size).fill(1);
    let nearest = yield* nearestAlong(problem, signs, 1, tolerance);
    for (let blocks = 1; ; blocks = blocks >= size ? 1 : blocks * 2) {
      const length = Math.max(1, Math.ceil(size / blocks));
      for (let first = 0; first < size; first += length) {
        const end = Math.min(size, first + length);
        const turned = signs.map((sign, i) => (i >= first && i < end ? -sign : sign));
        const found = yield* nearestAlong(problem, turned, Math.min(1, nearest), tolerance);
        if (found >= nearest) continue;
        nearest = found;
        signs.set(turned);
      }
    }
  },
};
