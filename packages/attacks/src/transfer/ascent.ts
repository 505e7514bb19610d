import type { Norm } from '@unpair/numerics';
import { norm as euclidean } from '@unpair/numerics';

/**
 * Moves `point` in place by the step of length `size` that raises a loss most to first order: the sign of the gradient
 * under linf, the unit gradient under l2. A gradient of zero moves nothing.
 */
export function ascend(point: Float32Array, gradient: Float32Array, size: number, norm: Norm): void {
  if (norm === 'linf') {
    for (let i = 0; i < point.length; i++) point[i] = (point[i] ?? 0) + size * Math.sign(gradient[i] ?? 0);
    return;
  }
  const length = euclidean(gradient);
  if (!(length > 0)) return;
  const scale = size / length;
  for (let i = 0; i < point.length; i++) point[i] = (point[i] ?? 0) + scale * (gradient[i] ?? 0);
}
