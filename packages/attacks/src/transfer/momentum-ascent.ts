import type { AttackRun, Problem, Steps } from '../attack.js';
import type { ParameterSpec, Parameters } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import { query } from '../requests.js';
import { climb } from './climb.js';

/** Asks for the gradient that one step of momentum ascent goes by; the result holds until the next request. */
export type GradientAt = (point: Float32Array) => Steps<Float32Array>;

/** Parameters that MI-FGSM and its variants share (Dong et al. 2018, arXiv 1710.06081). */
export const momentumParameters: Readonly<Record<'steps' | 'momentum', ParameterSpec>> = {
  steps: { type: 'integer', min: 1, max: 10_000, default: 10, description: 'Steps of epsilon / steps.' },
  momentum: { type: 'number', min: 0, max: 10, default: 1, description: 'Decay of earlier gradients.' },
};

/**
 * Momentum iterative ascent in steps of epsilon / steps by whatever gradient `gradientAt` gives; the target sees the last
 * iterate.
 */
export function* momentumAscent(problem: Problem, parameters: Parameters, gradientAt: GradientAt): AttackRun {
  const steps = numberOf(parameters, 'steps');
  const decay = numberOf(parameters, 'momentum');
  const points = problem.input.slice();
  const momentum = new Float32Array(points.length);
  const stepSize = problem.epsilon / steps;
  const ascent = { points, centres: problem.input, count: 1, threat: problem, steps, stepSize };
  yield* climb(ascent, function* (point): Steps<Float32Array> {
    accumulate(momentum, yield* gradientAt(point), decay);
    return momentum;
  });
  yield* query(problem, points);
}

/** momentum ← decay · momentum + gradient / mean |gradient|: the mean over the sample, as the authors' code has it. */
function accumulate(momentum: Float32Array, gradient: Float32Array, decay: number): void {
  let sum = 0;
  for (const value of gradient) sum += Math.abs(value);
  const scale = sum > 0 ? gradient.length / sum : 0;
  for (let i = 0; i < momentum.length; i++) {
    momentum[i] = decay * (momentum[i] ?? 0) + scale * (gradient[i] ?? 0);
  }
}
