import type { Shape, Transform } from './transform.js';

/**
 * A linear change of an image that is the same in every channel: each pixel that comes out is a sum of a few that went
 * in, [H·W] of each.
 */
export interface Taps {
  /** Pixels that one is made of, at most. */
  readonly each: number;
  /** [H·W, each]: where they are in the plane. */
  readonly from: Int32Array;
  /** [H·W, each]: how much of each; 0 where there are fewer. */
  readonly weights: Float64Array;
}

/** Taps of a plane, each pixel black until it is said what it is made of. */
export function blackTaps([, height, width]: Shape, each: number): Taps {
  const pixels = height * width * each;
  return { each, from: new Int32Array(pixels), weights: new Float64Array(pixels) };
}

/**
 * The change of images that taps describe.
 * @param offset added to what comes out, [C,H,W]
 */
export function byTaps(taps: Taps, shape: Shape, offset?: Float32Array): Transform {
  return {
    apply: (image) => {
      const changed = offset?.slice() ?? new Float32Array(image.length);
      visit(taps, shape, (from, to, weight) => {
        changed[to] = (changed[to] ?? 0) + weight * (image[from] ?? 0);
      });
      return changed;
    },
    transpose: (gradient) => {
      const back = new Float32Array(gradient.length);
      visit(taps, shape, (from, to, weight) => {
        back[from] = (back[from] ?? 0) + weight * (gradient[to] ?? 0);
      });
      return back;
    },
  };
}

function visit(
  { each, from, weights }: Taps,
  [channels, height, width]: Shape,
  add: (from: number, to: number, weight: number) => void,
): void {
  const plane = height * width;
  for (let channel = 0; channel < channels; channel++) {
    const first = channel * plane;
    for (let tap = 0; tap < from.length; tap++) {
      const weight = weights[tap] ?? 0;
      if (weight !== 0) add(first + (from[tap] ?? 0), first + Math.floor(tap / each), weight);
    }
  }
}
