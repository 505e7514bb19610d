import type { Threat } from '@unpair/numerics';
import { TOLERANCE, distance } from '@unpair/numerics';

/** Steps of an 8-bit channel from 0 to 1. */
const STEPS = 255;

/**
 * `point`, a point of the ball around `clean`, as an image file can hold it: every value the nearest k/255, but where
 * that leaves the ball the next one toward the clean value, so that an example is not lost to rounding alone. Where the
 * ball has too few such points, as a small one around values off the grid, what comes out is outside it.
 */
export function roundTo8Bits(point: Float32Array, clean: Float32Array, threat: Threat): Float32Array {
  const rounded = point.map((value) => Math.round(value * STEPS) / STEPS);
  if (threat.norm === 'linf') turnBackLinf(rounded, clean, threat.epsilon);
  else turnBackL2(rounded, point, clean, threat.epsilon);
  return rounded;
}

function turnBackLinf(rounded: Float32Array, clean: Float32Array, epsilon: number): void {
  for (let i = 0; i < rounded.length; i++) {
    const [value, middle] = [rounded[i] ?? 0, clean[i] ?? 0];
    if (Math.abs(value - middle) > epsilon + TOLERANCE) rounded[i] = towards(middle, value);
  }
}

/** Turns back values that were rounded away from the clean ones, those nearest to a tie first, until the rest may stay. */
function turnBackL2(rounded: Float32Array, point: Float32Array, clean: Float32Array, epsilon: number): void {
  let square = distance(rounded, clean).l2 ** 2;
  const isOutside = (): boolean => Math.sqrt(square) > epsilon + TOLERANCE;
  if (!isOutside()) return;
  for (const i of roundedAway(rounded, point, clean)) {
    if (!isOutside()) return;
    const [value, middle] = [rounded[i] ?? 0, clean[i] ?? 0];
    const before = (value - middle) ** 2;
    const after = (towards(middle, value) - middle) ** 2;
    // Off the grid the clean value may lie nearer to the one than to the other.
    if (after >= before) continue;
    rounded[i] = towards(middle, value);
    square += after - before;
  }
}

/** Where rounding lengthened a difference, by how much, the most first. */
function roundedAway(rounded: Float32Array, point: Float32Array, clean: Float32Array): readonly number[] {
  const overshoot = rounded.map((value, i) => {
    const middle = clean[i] ?? 0;
    return Math.abs(value - middle) - Math.abs((point[i] ?? 0) - middle);
  });
  const outward = [...overshoot.keys()].filter((i) => (overshoot[i] ?? 0) > 0);
  return outward.sort((a, b) => (overshoot[b] ?? 0) - (overshoot[a] ?? 0) || a - b);
}

/** The next k/255 from `value`, itself one, on the side of `middle`. */
function towards(middle: number, value: number): number {
  return (Math.round(value * STEPS) + Math.sign(middle - value)) / STEPS;
}
