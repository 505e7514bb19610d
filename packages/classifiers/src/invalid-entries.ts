/**
 * Sets entries that are no finite numbers to 0, in place: one such would spread to every pixel where a gradient is
 * scaled, and from there to the image.
 * @param gradients [count, ...]
 * @returns how many there were in each gradient
 */
export function clearInvalid(gradients: Float32Array, count: number): Int32Array {
  const invalid = new Int32Array(count);
  const size = gradients.length / count;
  for (let i = 0; i < gradients.length; i++) {
    if (Number.isFinite(gradients[i])) continue;
    gradients[i] = 0;
    const row = Math.floor(i / size);
    invalid[row] = (invalid[row] ?? 0) + 1;
  }
  return invalid;
}
