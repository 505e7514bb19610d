import { pearson } from '@unpair/numerics';

/**
 * Kullback–Leibler divergence KL(p ‖ q) of two softmax distributions, in nats: what is lost when q stands in for p.
 * Computed from logits in double precision, so that probabilities of zero never occur. 0 where a logit is NaN, which
 * says nothing.
 * @param p logits [classes]
 * @param q logits [classes]
 */
export function klDivergence(p: Float32Array, q: Float32Array): number {
  const [own, other] = [logProbabilities(p), logProbabilities(q)];
  let sum = 0;
  for (let k = 0; k < own.length; k++) {
    const log = own[k] ?? 0;
    sum += Math.exp(log) * (log - (other[k] ?? 0));
  }
  // Rounding may leave a little less than nothing.
  return Number.isNaN(sum) ? 0 : Math.max(0, sum);
}

/**
 * Pearson's correlation of two models' logits of one input, over the classes: blind to the scale and offset that
 * calibration and quantization change. 0 where all logits of a model are equal, or one is NaN.
 */
export function logitCorrelation(a: Float32Array, b: Float32Array): number {
  const correlation = pearson(a, b);
  return Number.isNaN(correlation) ? 0 : correlation;
}

/** log softmax in double precision. */
function logProbabilities(logits: Float32Array): Float64Array {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - largest);
  const offset = largest + Math.log(total);
  return Float64Array.from(logits, (logit) => logit - offset);
}
