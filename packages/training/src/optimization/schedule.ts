/** How the learning rate moves over training. */
export interface Schedule {
  /** Largest learning rate. */
  readonly peak: number;
  /** Steps of linear rise from zero. */
  readonly warmup: number;
  /** All steps, the warm-up included. */
  readonly steps: number;
  /** Whether it stays where it has risen to. */
  readonly isConstant?: boolean | undefined;
}

/**
 * Learning rate of step `step` (from 0): a linear rise, then half a cosine down to zero (Loshchilov & Hutter 2017), or
 * none down where it is constant.
 */
export function learningRate({ peak, warmup, steps, isConstant }: Schedule, step: number): number {
  if (step < warmup) return (peak * (step + 1)) / warmup;
  if (isConstant === true) return peak;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return (peak * (1 + Math.cos(Math.PI * progress))) / 2;
}
