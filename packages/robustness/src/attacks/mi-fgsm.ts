import { project } from '../threat.js';
import { ascend } from './ascent.js';
import type { AttackDefinition } from './attack.js';
import { numberOf } from './parameters.js';
import { gradient, query } from './requests.js';

/** Momentum iterative FGSM on the surrogate, in steps of epsilon / steps; the target sees the last iterate. */
export const miFgsm: AttackDefinition = {
  name: 'mi-fgsm',
  description: 'Momentum iterative gradient ascent on the surrogate, transferred to the target.',
  paper: 'Dong et al. 2018, arXiv 1710.06081',
  needsSurrogate: true,
  usesQueries: false,
  norms: ['linf', 'l2'],
  parameters: {
    steps: { type: 'integer', min: 1, max: 10_000, default: 10, description: 'Steps of epsilon / steps.' },
    momentum: { type: 'number', min: 0, max: 10, default: 1, description: 'Decay of earlier gradients.' },
  },
  *run(problem, parameters) {
    const steps = numberOf(parameters, 'steps');
    const decay = numberOf(parameters, 'momentum');
    const point = problem.input.slice();
    const momentum = new Float32Array(point.length);
    for (let step = 0; step < steps; step++) {
      const { gradients } = yield* gradient(point);
      accumulate(momentum, gradients, decay);
      ascend(point, momentum, problem.epsilon / steps, problem.norm);
      project(point, problem.input, problem);
    }
    yield* query(point);
  },
};

/** momentum ← decay · momentum + gradient / mean |gradient|: the mean over the sample, as the authors' code has it. */
function accumulate(momentum: Float32Array, gradient: Float32Array, decay: number): void {
  let sum = 0;
  for (const value of gradient) sum += Math.abs(value);
  const scale = sum > 0 ? gradient.length / sum : 0;
  for (let i = 0; i < momentum.length; i++) {
    momentum[i] = decay * (momentum[i] ?? 0) + scale * (gradient[i] ?? 0);
  }
}
