import type { ParameterRange } from './sgd.js';

/** Settings of Adam that do not change during training. */
export interface AdamOptions {
  /** Share of the past in the mean of gradients, and in the mean of their squares. */
  readonly betas: readonly [number, number];
  /** Part of each matrix's or filter's weight that a step of rate 1 takes away (see `decays`). */
  readonly weightDecay: number;
}

/** Flat arrays of one length: all but the gradient are updated in place. */
export interface AdamState {
  readonly weights: Float32Array;
  readonly momentum: Float32Array;
  /** Mean of squared gradients. */
  readonly variance: Float32Array;
  readonly gradient: Float32Array;
}

/** Keeps a step finite where no gradient has ever been. */
const EPSILON = 1e-8;

/**
 * Step number `step` (from 1) of Adam (Kingma and Ba 2015, arXiv 1412.6980) with decoupled decay (Loshchilov and
 * Hutter 2019, arXiv 1711.05101). Unlike {@link sgdStep} it does not depend on the scale of gradients, which in
 * networks without normalization differs by orders of magnitude from channel to channel.
 */
export function adamStep(
  { weights, momentum, variance, gradient }: AdamState,
  ranges: readonly ParameterRange[],
  rate: number,
  step: number,
  { betas: [first, second], weightDecay }: AdamOptions,
): void {
  const [firstBias, secondBias] = [1 - first ** step, 1 - second ** step];
  for (const range of ranges) {
    const decay = range.decays ? rate * weightDecay : 0;
    for (let index = range.first; index < range.first + range.length; index++) {
      const slope = gradient[index] ?? 0;
      const weight = weights[index] ?? 0;
      const mean = first * (momentum[index] ?? 0) + (1 - first) * slope;
      const square = second * (variance[index] ?? 0) + (1 - second) * slope * slope;
      momentum[index] = mean;
      variance[index] = square;
      weights[index] =
        weight - decay * weight - (rate * (mean / firstBias)) / (Math.sqrt(square / secondBias) + EPSILON);
    }
  }
}
