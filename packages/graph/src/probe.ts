/** Elements of an area in every second row. */
const AREA = 16;

/**
 * Made-up rows of `size` numbers from 0 to 1 to try a model on, the same ones every time: by turns noise, and paler noise
 * in areas, as images have them. So neighbours differ in detail and in range.
 */
export function probeRows(rows: number, size: number): Float32Array {
  const values = new Float32Array(rows * size);
  let state = 1;
  for (let row = 0; row < rows; row++) {
    const [area, contrast] = row % 2 === 0 ? [1, 1] : [AREA, 0.75];
    for (let i = 0; i < size; i++) {
      // Numerical Recipes' generator of 32 bits.
      if (i % area === 0) state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      values[row * size + i] = 0.5 + (state / 2 ** 32 - 0.5) * contrast;
    }
  }
  return values;
}
