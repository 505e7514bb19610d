/**
 * Writes label distributions [N,classes]: the label gets 1 − smoothing + smoothing/classes, every other class
 * smoothing/classes (Szegedy et al. 2016, arXiv 1512.00567, section 7).
 */
export function smoothTargets(
  labels: ArrayLike<number>,
  classes: number,
  smoothing: number,
  out: Float32Array,
): void {
  out.fill(smoothing / classes);
  for (let sample = 0; sample < labels.length; sample++) {
    out[sample * classes + (labels[sample] ?? 0)] = 1 - smoothing + smoothing / classes;
  }
}
