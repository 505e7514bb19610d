import { addScaled } from '@unpair/numerics';
import { numberOf } from '@unpair/parameters';
import type { Part } from './part.js';
import { neighboursOf, perPixel, rowOf } from './part.js';
import { NEIGHBOURS, reachOf } from './places.js';

/**
 * Variance tuning (VMI, Wang and He 2021, arXiv 2103.15571): each gradient is corrected by how the gradients around the
 * previous point differed from the one there, which averages out what is peculiar to the surrogate.
 */
export const varianceTuning: Part = {
  parameters: { neighbours: NEIGHBOURS, reach: reachOf(1.5) },
  wrap: (inner, { problem, parameters, random }) => {
    const size = problem.input.length;
    const count = numberOf(parameters, 'neighbours');
    const reach = numberOf(parameters, 'reach') * perPixel(problem.epsilon, problem);
    const variance = new Float32Array(size);
    return function* (point) {
      const own = yield* inner(point, 1);
      const tuned = own.slice();
      addScaled(tuned, 1, variance);
      const gradients = yield* inner(neighboursOf(point, count, reach, random), count);
      variance.fill(0);
      for (let row = 0; row < count; row++) addScaled(variance, 1 / count, rowOf(gradients, row, size));
      addScaled(variance, -1, own);
      return tuned;
    };
  },
};
