import { addScaled } from '@unpair/numerics';
import type { ParameterSpecs } from '@unpair/parameters';
import type { Ascent, Part } from './part.js';
import { rowOf } from './part.js';

/** [C, H, W] */
export type Shape = readonly [channels: number, height: number, width: number];

/** An affine change of an image, and how gradients come back through it. */
export interface Transform {
  readonly apply: (image: Float32Array) => Float32Array;
  /** The gradient by the image from that by what `apply` made of it: the transpose of its linear part. */
  readonly transpose: (gradient: Float32Array) => Float32Array;
}

/** The image as it is. */
export const identity: Transform = { apply: (image) => image, transpose: (gradient) => gradient };

/**
 * A part that takes gradients at changed copies of the input: their mean, each through the transpose of its change.
 * @param draw the changes of one image, drawn from the sample's own stream for each image anew
 */
export function transformed(
  parameters: ParameterSpecs,
  draw: (ascent: Ascent) => readonly Transform[],
): Part {
  return {
    parameters,
    wrap: (inner, ascent) => {
      const size = ascent.problem.input.length;
      return function* (points, count) {
        const drawn = Array.from({ length: count }, () => draw(ascent));
        const copies = drawn[0]?.length ?? 1;
        const inputs = new Float32Array(count * copies * size);
        forEachCopy(drawn, (transform, point, copy) => {
          inputs.set(transform.apply(rowOf(points, point, size)), copy * size);
        });
        const gradients = yield* inner(inputs, count * copies);
        const back = new Float32Array(count * size);
        forEachCopy(drawn, (transform, point, copy) => {
          addScaled(rowOf(back, point, size), 1 / copies, transform.transpose(rowOf(gradients, copy, size)));
        });
        return back;
      };
    },
  };
}

function forEachCopy(
  drawn: readonly (readonly Transform[])[],
  visit: (transform: Transform, point: number, copy: number) => void,
): void {
  let copy = 0;
  drawn.forEach((transforms, point) => {
    for (const transform of transforms) visit(transform, point, copy++);
  });
}
