import { toPixel } from './pixels.js';
import type { Random } from './random/random.js';
import { norm } from './vectors.js';

export type Norm = 'linf' | 'l2';

/** What an adversary may change: a ball around the clean input, within the pixel range [0, 1]. */
export interface Threat {
  readonly norm: Norm;
  /** Radius of the ball in units of the pixel range; l2 over the whole input. */
  readonly epsilon: number;
}

/** Float32 rounding that a point on the ball's surface is forgiven. */
export const TOLERANCE = 1e-6;

/** Distances between an adversarial example and its clean input, over the whole input. */
export interface Distance {
  readonly linf: number;
  readonly l2: number;
}

/** Both distances between two inputs of the same length. */
export function distance(a: Float32Array, b: Float32Array): Distance {
  let linf = 0;
  let square = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    if (difference > linf) linf = difference;
    square += difference * difference;
  }
  return { linf, l2: Math.sqrt(square) };
}

/** Moves `point` in place to the nearest point of the ball around `centre`, then clips it to [0, 1]. */
export function project(point: Float32Array, centre: Float32Array, threat: Threat): void {
  if (threat.norm === 'linf') projectLinf(point, centre, threat.epsilon);
  else projectL2(point, centre, threat.epsilon);
}

/** Whether the threat model allows `point`: within epsilon of `centre` and within [0, 1], up to rounding. */
export function isAdmissible(point: Float32Array, centre: Float32Array, { norm, epsilon }: Threat): boolean {
  for (const value of point) if (!(value >= -TOLERANCE && value <= 1 + TOLERANCE)) return false;
  return distance(point, centre)[norm] <= epsilon + TOLERANCE;
}

/** A uniformly random point of the ball around `centre`, clipped to [0, 1]. */
export function randomStart(centre: Float32Array, threat: Threat, random: Random): Float32Array {
  const { norm: kind, epsilon } = threat;
  const start = new Float32Array(centre.length);
  if (kind === 'linf') {
    for (let i = 0; i < start.length; i++) start[i] = (centre[i] ?? 0) + (2 * random.uniform() - 1) * epsilon;
  } else {
    random.fillNormal(start);
    // A radius of u^(1/n) makes the ball's volume, not its radius, uniform.
    const scale = (epsilon * random.uniform() ** (1 / start.length)) / (norm(start) || 1);
    for (let i = 0; i < start.length; i++) start[i] = (centre[i] ?? 0) + scale * (start[i] ?? 0);
  }
  project(start, centre, threat);
  return start;
}

function projectLinf(point: Float32Array, centre: Float32Array, epsilon: number): void {
  for (let i = 0; i < point.length; i++) {
    const middle = centre[i] ?? 0;
    const low = Math.max(0, middle - epsilon);
    const high = Math.min(1, middle + epsilon);
    point[i] = Math.min(high, Math.max(low, point[i] ?? 0));
  }
}

function projectL2(point: Float32Array, centre: Float32Array, epsilon: number): void {
  const { l2 } = distance(point, centre);
  const scale = l2 > epsilon ? epsilon / l2 : 1;
  for (let i = 0; i < point.length; i++) {
    const middle = centre[i] ?? 0;
    const value = middle + ((point[i] ?? 0) - middle) * scale;
    point[i] = toPixel(value);
  }
}
