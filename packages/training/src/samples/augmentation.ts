import { createRandom } from '@unpair/numerics';

/** Random changes to a training image that keep its label. */
export interface Augmentation {
  /** Pixels of black border, of which a window of the original size is cut at random; 0 for none. */
  readonly pad: number;
  /** Whether half of the images are mirrored left to right. */
  readonly flip: boolean;
}

/** Where one image's window begins, in padded coordinates, and whether it is mirrored. */
export interface Placement {
  readonly top: number;
  readonly left: number;
  readonly mirrored: boolean;
}

/** Draws the placement of sample `sample` in `epoch`, from its own stream. */
export function drawPlacement(
  { pad, flip }: Augmentation,
  seed: number,
  epoch: number,
  sample: number,
): Placement {
  const random = createRandom({ seed, cell: `training/augmentation/${epoch}`, sample });
  const top = random.integer(2 * pad + 1);
  const left = random.integer(2 * pad + 1);
  return { top, left, mirrored: flip && random.integer(2) === 1 };
}

/**
 * Writes one placed image [C,H,W] to `out` as floats in [0, 1].
 *
 * @param image bytes 0–255, or floats already in [0, 1]
 */
export function placeImage(
  image: Uint8Array | Float32Array,
  [channels, height, width]: readonly [number, number, number],
  { pad }: Augmentation,
  { top, left, mirrored }: Placement,
  out: Float32Array,
): void {
  const scale = image instanceof Uint8Array ? 255 : 1;
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < height; row++) {
      const from = row + top - pad;
      const target = (channel * height + row) * width;
      for (let column = 0; column < width; column++) {
        const across = (mirrored ? width - 1 - column : column) + left - pad;
        const inside = from >= 0 && from < height && across >= 0 && across < width;
        const pixel = inside ? (image[(channel * height + from) * width + across] ?? 0) : 0;
        out[target + column] = pixel / scale;
      }
    }
  }
}
