/** Settings of stochastic gradient descent that do not change during training. */
export interface SgdOptions {
  readonly momentum: number;
  /** Added to the gradient as `weightDecay · weight`, for matrices and filters only (see `decays`). */
  readonly weightDecay: number;
  /** Looks ahead along the momentum (Nesterov) instead of following it. */
  readonly nesterov: boolean;
}

/** One tensor's slice of the flat arrays. */
export interface ParameterRange {
  readonly first: number;
  readonly length: number;
  /** Biases and normalization parameters are not decayed. */
  readonly decays: boolean;
}

/** Flat arrays of one length: weights and momentum are updated in place, the gradient is read. */
export interface SgdState {
  readonly weights: Float32Array;
  readonly momentum: Float32Array;
  readonly gradient: Float32Array;
}

/**
 * One step: v ← momentum·v + g, w ← w − rate·v (or w − rate·(g + momentum·v) with Nesterov), where
 * g = gradient + weightDecay·w.
 */
export function sgdStep(
  { weights, momentum, gradient }: SgdState,
  ranges: readonly ParameterRange[],
  rate: number,
  options: SgdOptions,
): void {
  for (const { first, length, decays } of ranges) {
    const decay = decays ? options.weightDecay : 0;
    for (let index = first; index < first + length; index++) {
      const weight = weights[index] ?? 0;
      const slope = (gradient[index] ?? 0) + decay * weight;
      const velocity = options.momentum * (momentum[index] ?? 0) + slope;
      momentum[index] = velocity;
      weights[index] = weight - rate * (options.nesterov ? slope + options.momentum * velocity : velocity);
    }
  }
}
