/**
 * The predicted class: index of the largest of `classes` logits that start at `offset`, the first one on a tie. -1, no
 * class, when a logit is NaN, which must never pass for a misclassification.
 */
export function argmax(logits: Float32Array, offset = 0, classes = logits.length): number {
  let best = 0;
  for (let k = 0; k < classes; k++) {
    const logit = logits[offset + k] ?? Number.NaN;
    if (Number.isNaN(logit)) return -1;
    if (logit > (logits[offset + best] ?? 0)) best = k;
  }
  return best;
}

/**
 * Cross-entropy −log softmax(logits)[label] in double precision. Written as log1p of the other classes' odds, so that
 * it still moves where the label's probability is 1 to float32. NaN where a logit is.
 */
export function crossEntropy(
  logits: Float32Array,
  label: number,
  offset = 0,
  classes = logits.length,
): number {
  const own = logits[offset + label] ?? 0;
  const predicted = argmax(logits, offset, classes);
  if (predicted < 0) return Number.NaN;
  const largest = logits[offset + predicted] ?? 0;
  let others = 0;
  for (let k = 0; k < classes; k++) {
    if (k !== label) others += Math.exp((logits[offset + k] ?? 0) - largest);
  }
  if (largest === own) return Math.log1p(others);
  return largest - own + Math.log(others + Math.exp(own - largest));
}

/**
 * Margin of the label over the best other class: negative where the input is misclassified. Infinity where a logit is
 * NaN, which is never better than what is known.
 */
export function margin(logits: Float32Array, label: number, offset = 0, classes = logits.length): number {
  let other = -Infinity;
  for (let k = 0; k < classes; k++) {
    if (k !== label) other = Math.max(other, logits[offset + k] ?? 0);
  }
  const lead = (logits[offset + label] ?? 0) - other;
  return Number.isNaN(lead) ? Infinity : lead;
}
