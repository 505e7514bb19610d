import type { Threat } from '@unpair/numerics';
import { stepUp } from './ascent.js';

/** Points on their way up a loss, and the balls that they stay in. */
export interface Climb {
  /** [count, n]; moved in place. */
  readonly points: Float32Array;
  /** The clean inputs, [count, n]. */
  readonly centres: Float32Array;
  readonly count: number;
  readonly threat: Threat;
  readonly steps: number;
  /** Length of a step in the norm of the threat; below 0 to descend. */
  readonly stepSize: number;
  /** Where each point stops, as a number of steps. Default: all of them. */
  readonly stops?: readonly number[] | undefined;
}

/**
 * Projected gradient ascent (Madry et al. 2018, arXiv 1706.06083), each point for itself: steps along whatever
 * `directionsAt` gives for the points, [count, n], and after each back into the ball. The one loop of its kind: attacks
 * ask for gradients by requests, others evaluate a model at once ({@link climbAtOnce}).
 */
export function* climb<Asked, Answered>(
  { points, centres, count, threat, steps, stepSize, stops }: Climb,
  directionsAt: (points: Float32Array) => Generator<Asked, Float32Array, Answered>,
): Generator<Asked, void, Answered> {
  const size = points.length / Math.max(1, count);
  for (let step = 0; step < steps; step++) {
    const directions = yield* directionsAt(points);
    for (let row = 0; row < count; row++) {
      if (step >= (stops?.[row] ?? steps)) continue;
      const part = (all: Float32Array): Float32Array => all.subarray(row * size, (row + 1) * size);
      stepUp(part(points), part(directions), stepSize, { centre: part(centres), threat });
    }
  }
}

/** The same along the gradients of a model that is at hand. */
export async function climbAtOnce(
  options: Climb,
  gradientsAt: (points: Float32Array) => Promise<Float32Array>,
): Promise<void> {
  const run = climb(options, function* (points): Generator<Float32Array, Float32Array, Float32Array> {
    return yield points;
  });
  for (let step = run.next(); step.done !== true;) step = run.next(await gradientsAt(step.value));
}
