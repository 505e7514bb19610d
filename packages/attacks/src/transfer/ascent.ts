import type { Norm, Threat } from '@unpair/numerics';
import { norm as euclidean, project } from '@unpair/numerics';

/** The ball that a point stays in. */
export interface Ball {
  /** The clean input. */
  readonly centre: Float32Array;
  readonly threat: Threat;
}

/**
 * Moves `point` in place by the step of length `size` that raises a loss most to first order, and back into the ball: by
 * the sign of the gradient under linf, by the unit gradient under l2. A gradient of zero moves nothing.
 */
export function stepUp(point: Float32Array, gradient: Float32Array, size: number, ball: Ball): void {
  ascend(point, gradient, size, ball.threat.norm);
  project(point, ball.centre, ball.threat);
}

function ascend(point: Float32Array, gradient: Float32Array, size: number, norm: Norm): void {
  if (norm === 'linf') {
    for (let i = 0; i < point.length; i++) point[i] = (point[i] ?? 0) + size * Math.sign(gradient[i] ?? 0);
    return;
  }
  const length = euclidean(gradient);
  if (!(length > 0)) return;
  const scale = size / length;
  for (let i = 0; i < point.length; i++) point[i] = (point[i] ?? 0) + scale * (gradient[i] ?? 0);
}
