import type { Random } from '@unpair/numerics';
import { norm } from '@unpair/numerics';

/**
 * The perturbation that Square's l2 form adds to a window: two pyramids of opposite sign, one above the other or, at
 * random, side by side. [side, side], of norm 1.
 */
export function bump(side: number, random: Random): Float32Array {
  const half = Math.floor(side / 2);
  const values = new Float32Array(side * side);
  values.set(pyramid(half, side));
  pyramid(side - half, side).forEach((value, index) => (values[half * side + index] = -value));
  const length = norm(values);
  const turned = random.integer(2) === 1;
  return values.map((_, index) => {
    const source = turned ? (index % side) * side + Math.floor(index / side) : index;
    return (values[source] ?? 0) / length;
  });
}

/** Concentric rectangles, each adding 1/k² for its distance k from the centre; [height, width], of norm 1. */
function pyramid(height: number, width: number): Float32Array {
  const values = new Float32Array(height * width);
  const middle = [Math.floor(height / 2), Math.floor(width / 2)] as const;
  for (let ring = 0; ring <= Math.max(...middle); ring++) {
    const rows = [Math.max(middle[0] - ring, 0), Math.min(middle[0] + ring + 1, height)] as const;
    const columns = [Math.max(middle[1] - ring, 0), Math.min(middle[1] + ring + 1, width)] as const;
    for (let row = rows[0]; row < rows[1]; row++) {
      for (let column = columns[0]; column < columns[1]; column++) {
        const at = row * width + column;
        values[at] = (values[at] ?? 0) + 1 / (ring + 1) ** 2;
      }
    }
  }
  const length = norm(values) || 1;
  return values.map((value) => value / length);
}
