import type { AttackDefinition } from '../attack.js';
import { diversify, drawDiversity, undiversify } from './input-diversity.js';
import { momentumAscent, momentumParameters } from './momentum-ascent.js';
import { numberOf } from '@unpair/parameters';
import { goalGradient } from '../requests.js';
import { TRANSFERRED } from './transferred.js';

/**
 * MI-FGSM with input diversity (M-DI²-FGSM): each step sees the image as it is or, by chance, smaller and somewhere else,
 * so that what it finds does not hang on where the surrogate looks.
 */
export const diFgsm: AttackDefinition<'label'> = {
  name: 'di-fgsm',
  description: 'MI-FGSM whose gradients are taken at randomly resized and padded inputs.',
  paper: 'Xie et al. 2019, arXiv 1803.06978',
  ...TRANSFERRED,
  parameters: {
    ...momentumParameters,
    probability: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0.5,
      description: 'How often a step resizes and pads the input.',
    },
    least: {
      type: 'number',
      min: 0.1,
      max: 1,
      default: 0.9,
      description: 'Least side of the resized input, as a share of its own.',
    },
  },
  *run(problem, parameters, random) {
    const { shape } = problem;
    const settings = {
      probability: numberOf(parameters, 'probability'),
      least: numberOf(parameters, 'least'),
    };
    yield* momentumAscent(problem, parameters, function* (point) {
      const diversity = drawDiversity(shape, settings, random);
      if (diversity === null) return (yield* goalGradient(problem, point)).gradients;
      const { gradients } = yield* goalGradient(problem, diversify(point, shape, diversity));
      return undiversify(gradients, shape, diversity);
    });
  },
};
