import type { Norm } from '@unpair/numerics';
import type { Parameters, ParameterSpec } from '@unpair/parameters';
import type { SearchSettings } from './gradient-free-search.js';
import { numberOf } from '@unpair/parameters';
import { BUDGET } from './score-based.js';

/** Epsilon in steps: the authors' settings on ImageNet, .005 at .05 (linf) and 2.0 at √(.001·299·299·3) = 16.4 (l2). */
const STEPS_TO_SURFACE: Readonly<Record<Norm, number>> = { linf: 10, l2: 8 };

/** Parameters of RGF and P-RGF, with the defaults of Cheng et al. 2019, arXiv 1906.06919. */
export const gradientFreeParameters: Readonly<Record<string, ParameterSpec>> = {
  budget: BUDGET,
  samples: {
    type: 'integer',
    min: 1,
    max: 10_000,
    default: 50,
    description: 'Random directions for one estimate of the gradient.',
  },
  sigma: {
    type: 'pixels',
    default: 1e-4,
    description: 'Length of a finite difference, root mean square over the pixels.',
  },
  stepSize: {
    type: 'pixels',
    default: null,
    derived: {
      text: 'epsilon / 10 (linf), epsilon / 8 (l2)',
      of: ({ norm, epsilon }) => epsilon / STEPS_TO_SURFACE[norm],
    },
    description: 'Length of a step in the norm of the threat.',
  },
};

/** The resolved parameters by name. */
export function searchSettings(parameters: Parameters): SearchSettings {
  return {
    budget: numberOf(parameters, 'budget'),
    samples: numberOf(parameters, 'samples'),
    sigma: numberOf(parameters, 'sigma'),
    stepSize: numberOf(parameters, 'stepSize'),
  };
}
