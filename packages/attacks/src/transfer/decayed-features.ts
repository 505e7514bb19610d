import { addScaled } from '@unpair/numerics';
import { numberOf } from '@unpair/parameters';
import { lossOfGoal } from '../goal.js';
import { objectiveGradient } from '../requests.js';
import type { Part } from './part.js';
import { rowOf } from './part.js';

/**
 * Intermediate-level perturbation decay (ILPD, Li et al. 2023, arXiv 2304.13410): from the middle of the surrogate on, features
 * are a share of those of the iterate, and the rest those of the clean image with fresh noise: the gradient is taken
 * where the perturbation is weak, and so keeps its direction. It takes the place of the loss, which is the cross-entropy.
 */
export const decayedFeatures: Part = {
  parameters: {
    share: {
      type: 'number',
      min: 0.001,
      max: 1,
      default: 0.1,
      description: 'Share of the features that are those of the iterate.',
    },
    noise: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0.05,
      description: 'Deviation of the noise on the clean image, in each pixel.',
    },
  },
  wrap: (_inner, { problem, parameters, random }) => {
    const { input, goal } = problem;
    const { label, sign } = lossOfGoal(goal);
    const share = numberOf(parameters, 'share');
    const noise = numberOf(parameters, 'noise');
    return function* (points, count) {
      const all = new Float32Array(points.length);
      for (let row = 0; row < count; row++) {
        const drawn = new Float32Array(input.length);
        random.fillNormal(drawn);
        const reference = input.slice();
        addScaled(reference, noise, drawn);
        const objective = { kind: 'decayed-features', label, reference, share } as const;
        const { gradients } = yield* objectiveGradient(problem, objective, rowOf(points, row, input.length));
        addScaled(rowOf(all, row, input.length), sign, gradients);
      }
      return all;
    };
  },
};
