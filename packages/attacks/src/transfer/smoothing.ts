import { numberOf } from '@unpair/parameters';
import type { Shape } from './transform.js';
import type { Part } from './part.js';
import { rowOf } from './part.js';

/** Standard deviations that the kernel reaches out to, in the units of its own width. */
const REACH = 3;
/** Images up to this side take the smaller kernel. */
const SMALL = 64;

/**
 * Translation invariance (TI, Dong et al. 2019, arXiv 1904.02884): gradients smoothed by a Gaussian, which is what the
 * gradients of shifted images come to.
 */
export const smoothing: Part = {
  parameters: {
    side: {
      type: 'integer',
      min: 0,
      max: 101,
      default: 0,
      description: 'Pixels of the kernel each way, an odd number; 0: 15, or 7 for images of up to 64 pixels.',
    },
  },
  wrap: (inner, { problem: { shape, input }, parameters }) => {
    const given = numberOf(parameters, 'side');
    const kernel = gaussian(given > 0 ? given : Math.max(shape[1], shape[2]) > SMALL ? 15 : 7);
    return function* (points, count) {
      const gradients = yield* inner(points, count);
      const smooth = new Float32Array(gradients.length);
      for (let row = 0; row < count; row++) {
        smooth.set(smoothed(rowOf(gradients, row, input.length), shape, kernel), row * input.length);
      }
      return smooth;
    };
  },
};

/** One side of the kernel, which is its outer product with itself: densities at −3 … 3, of sum 1. */
export function gaussian(side: number): Float64Array {
  const raw = Float64Array.from({ length: side }, (_, i) => {
    const at = side === 1 ? 0 : REACH * ((2 * i) / (side - 1) - 1);
    return Math.exp((-at * at) / 2);
  });
  const sum = raw.reduce((total, value) => total + value, 0);
  return raw.map((value) => value / sum);
}

/** Each channel [H,W] of an image under the kernel both ways; zeros around it. */
export function smoothed(
  image: Float32Array,
  [channels, height, width]: Shape,
  kernel: Float64Array,
): Float32Array {
  const middle = kernel.length >> 1;
  const along = (from: Float32Array, step: number, length: number, at: (i: number) => number): Float32Array =>
    from.map((_, i) => {
      let sum = 0;
      for (let k = 0; k < kernel.length; k++) {
        const place = at(i) + k - middle;
        if (place >= 0 && place < length) sum += (kernel[k] ?? 0) * (from[i + (k - middle) * step] ?? 0);
      }
      return sum;
    });
  const rows = along(image, 1, width, (i) => i % width);
  const both = along(rows, width, height, (i) => Math.floor(i / width) % height);
  return both.subarray(0, channels * height * width);
}
