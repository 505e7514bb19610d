import type { Tensor } from '@unpair/graph';
import { float32, sizeOf } from '@unpair/graph';
import { createRandom } from '@unpair/numerics';

/** Draws the starting value of one weight; `name` identifies its stream. */
export type Initializer = (name: string, shape: readonly number[], deviation: number) => Tensor<'float32'>;

/** Normal weights, each tensor from its own stream: adding a layer does not change the others. */
export function normalInitializer(seed: number): Initializer {
  return (name, shape, deviation) => {
    const data = new Float32Array(sizeOf(shape));
    createRandom({ seed, cell: `initialization/${name}`, sample: 0 }).fillNormal(data);
    return float32(
      shape,
      data.map((value) => value * deviation),
    );
  };
}

/** Deviation that keeps the variance of activations through ReLU layers (He et al. 2015, equation 10). */
export function heDeviation(fanIn: number): number {
  return Math.sqrt(2 / fanIn);
}
