import type { Estimate } from './interval.js';

/**
 * Newcombe's 95 % interval of the difference of two rates, from their Wilson intervals (Newcombe 1998, method 10). The rates
 * are taken to be independent: for the same samples twice it is wider than it need be.
 */
export function newcombe(first: Estimate, second: Estimate): Estimate {
  const value = first.value - second.value;
  return {
    value,
    low: value - Math.hypot(first.value - first.low, second.high - second.value),
    high: value + Math.hypot(first.high - first.value, second.value - second.low),
  };
}
