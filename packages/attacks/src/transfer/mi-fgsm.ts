import type { AttackDefinition } from '../attack.js';
import { momentumAscent, momentumParameters } from './momentum-ascent.js';
import { goalGradient } from '../requests.js';
import { TRANSFERRED } from './transferred.js';

/** Momentum iterative FGSM on the surrogate, in steps of epsilon / steps; the target sees the last iterate. */
export const miFgsm: AttackDefinition<'label'> = {
  name: 'mi-fgsm',
  description: 'Momentum iterative gradient ascent on the surrogate, transferred to the target.',
  paper: 'Dong et al. 2018, arXiv 1710.06081',
  ...TRANSFERRED,
  parameters: momentumParameters,
  *run(problem, parameters) {
    yield* momentumAscent(problem, parameters, function* (point) {
      return (yield* goalGradient(problem, point)).gradients;
    });
  },
};
