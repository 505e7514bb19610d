import type { Random } from '@unpair/numerics';
import { numberOf } from '@unpair/parameters';
import type { Shape } from './transform.js';
import { identity, transformed } from './transform.js';

/**
 * Input diversity (DI², Xie et al. 2019, arXiv 1803.06978): the image as it is or, by chance, smaller and somewhere else, so
 * that what a step finds does not hang on where the surrogate looks.
 */
export const diversity = transformed(
  {
    probability: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0.5,
      description: 'How often a step resizes and pads the input.',
    },
    least: {
      type: 'number',
      min: 0.1,
      max: 1,
      default: 0.9,
      description: 'Least side of the resized input, as a share of its own.',
    },
  },
  ({ problem: { shape }, parameters, random }) => {
    const settings = {
      probability: numberOf(parameters, 'probability'),
      least: numberOf(parameters, 'least'),
    };
    const drawn = drawDiversity(shape, settings, random);
    if (drawn === null) return [identity];
    const apply = (image: Float32Array): Float32Array => diversify(image, shape, drawn);
    return [{ apply, transpose: (gradient) => undiversify(gradient, shape, drawn) }];
  },
);

/** An image made smaller and put somewhere on a black canvas of its own size. */
export interface Diversity {
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
}

/**
 * Draws a size between `least` and 1 of the image's, the same share for both sides, and a place for it (Xie et al. 2019,
 * arXiv 1803.06978). Null, for no change, with probability 1 − `probability`.
 */
export function drawDiversity(
  [, height, width]: Shape,
  { probability, least }: { readonly probability: number; readonly least: number },
  random: Random,
): Diversity | null {
  if (random.uniform() >= probability) return null;
  const share = least + (1 - least) * random.uniform();
  const [rows, columns] = [height, width].map((side) => Math.max(1, Math.round(share * side)));
  if (rows === undefined || columns === undefined) return null;
  const [top, left] = [random.integer(height - rows + 1), random.integer(width - columns + 1)];
  return { height: rows, width: columns, top, left };
}

/** The image [C,H,W] resized to the nearest pixel, zeros around it. */
export function diversify(image: Float32Array, shape: Shape, diversity: Diversity): Float32Array {
  const diverse = new Float32Array(image.length);
  forEachPixel(shape, diversity, (from, to) => {
    diverse[to] = image[from] ?? 0;
  });
  return diverse;
}

/** The gradient with respect to the image, from that with respect to the placed one: the transpose of `diversify`. */
export function undiversify(gradient: Float32Array, shape: Shape, diversity: Diversity): Float32Array {
  const back = new Float32Array(gradient.length);
  forEachPixel(shape, diversity, (from, to) => {
    back[from] = (back[from] ?? 0) + (gradient[to] ?? 0);
  });
  return back;
}

/** Which value of the image each value of the placed one comes from. */
function forEachPixel(
  [channels, height, width]: Shape,
  { height: rows, width: columns, top, left }: Diversity,
  visit: (from: number, to: number) => void,
): void {
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < rows; row++) {
      const source = (channel * height + Math.floor((row * height) / rows)) * width;
      const goal = (channel * height + top + row) * width + left;
      for (let column = 0; column < columns; column++) {
        visit(source + Math.floor((column * width) / columns), goal + column);
      }
    }
  }
}
