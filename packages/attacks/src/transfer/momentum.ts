import { numberOf } from '@unpair/parameters';
import type { Part } from './part.js';
import { inverseMean } from './part.js';

/**
 * Momentum (Dong et al. 2018, arXiv 1710.06081): m ← decay · m + gradient / mean |gradient|, the mean over the sample, as
 * the authors' code has it.
 * @param decay its default
 */
export function momentum(decay = 1): Part {
  return {
    parameters: {
      momentum: {
        type: 'number',
        min: 0,
        max: 10,
        default: decay,
        description: 'Decay of earlier gradients.',
      },
    },
    wrap: (inner, { parameters, momentum: accumulated }) => {
      const kept = numberOf(parameters, 'momentum');
      return function* (points, count) {
        const gradient = yield* inner(points, count);
        const scale = inverseMean(gradient);
        for (let i = 0; i < accumulated.length; i++) {
          accumulated[i] = kept * (accumulated[i] ?? 0) + scale * (gradient[i] ?? 0);
        }
        return accumulated;
      };
    },
  };
}
