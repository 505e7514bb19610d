import type { Shape } from './transform.js';

/** A square matrix [side, side], row by row. */
export interface Matrix {
  readonly side: number;
  readonly values: Float64Array;
}

export function matrix(side: number, valueAt: (row: number, column: number) => number): Matrix {
  const values = Float64Array.from({ length: side * side }, (_, i) =>
    valueAt(Math.floor(i / side), i % side),
  );
  return { side, values };
}

export function transposed({ side, values }: Matrix): Matrix {
  return matrix(side, (row, column) => values[column * side + row] ?? 0);
}

/** Every channel X of an image as rows · X · columnsᵀ. Entries of the matrices that are 0 cost nothing. */
export function separable(image: Float32Array, shape: Shape, rows: Matrix, columns: Matrix): Float32Array {
  const [channels, height, width] = shape;
  const half = new Float64Array(image.length);
  const whole = new Float32Array(image.length);
  for (let first = 0; first < channels * height * width; first += height * width) {
    forEachEntry(rows, (to, from, weight) => {
      for (let x = 0; x < width; x++) {
        const at = first + to * width + x;
        half[at] = (half[at] ?? 0) + weight * (image[first + from * width + x] ?? 0);
      }
    });
    const sums = new Float64Array(width);
    for (let y = 0; y < height; y++) {
      sums.fill(0);
      const start = first + y * width;
      forEachEntry(columns, (to, from, weight) => {
        sums[to] = (sums[to] ?? 0) + weight * (half[start + from] ?? 0);
      });
      whole.set(sums, start);
    }
  }
  return whole;
}

function forEachEntry(
  { side, values }: Matrix,
  visit: (to: number, from: number, weight: number) => void,
): void {
  for (let i = 0; i < values.length; i++) {
    const weight = values[i] ?? 0;
    if (weight !== 0) visit(Math.floor(i / side), i % side, weight);
  }
}

const cosines = new Map<number, Matrix>();

/** The orthonormal discrete cosine transform (DCT-II) of a side, which is the inverse of its transpose. */
export function cosineTransform(side: number): Matrix {
  const known = cosines.get(side);
  if (known !== undefined) return known;
  const made = matrix(
    side,
    (k, i) => Math.sqrt((k === 0 ? 1 : 2) / side) * Math.cos(((2 * i + 1) * k * Math.PI) / (2 * side)),
  );
  cosines.set(side, made);
  return made;
}
