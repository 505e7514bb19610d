import type { Estimate } from './interval.js';

/** Two-sided 95 % quantile of the normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's 95 % score interval of a rate (Wilson 1927): holds its level for small counts and for rates near 0 and 1.
 * Without trials nothing is known: value NaN, interval [0, 1].
 */
export function wilson(successes: number, trials: number): Estimate {
  if (!(successes >= 0 && successes <= trials)) {
    throw new RangeError(`successes must be from 0 to ${trials} (the trials), got ${successes}`);
  }
  if (trials === 0) return { value: Number.NaN, low: 0, high: 1 };
  const value = successes / trials;
  const square = (Z * Z) / trials;
  const centre = (value + square / 2) / (1 + square);
  const reach = Math.sqrt(value * (1 - value) * square + (square * square) / 4) / (1 + square);
  return {
    value,
    low: successes === 0 ? 0 : Math.max(0, centre - reach),
    high: successes === trials ? 1 : Math.min(1, centre + reach),
  };
}
