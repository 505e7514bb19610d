import type { Tensor } from '@unpair/graph';
import { ModelError, float32 } from '@unpair/graph';

import type { ChannelsLastBuilder } from './builder.js';
import { channelsOf } from './convolution.js';
import { permuted } from './permuted.js';
import type { Value } from './value.js';

/** How rows of the result are made of rows of the image. */
export interface Sampling {
  readonly method: 'nearest' | 'bilinear';
  /** The corners' pixels stay at the corners. */
  readonly alignCorners: boolean;
  /** Pixels are areas, whose centres are half a pixel off their index. */
  readonly halfPixelCenters: boolean;
}

/** Largest side of a result: a matrix of its square is stored. */
const LARGEST_SIDE = 4096;

/**
 * Resizes images to [height, width]. Each row of the result is a weighted sum of rows of the image, and so are columns,
 * so that resizing is a product with one matrix on either side: exact, and differentiable in every runtime.
 * @throws {ModelError} for images of open size.
 */
export function resize(
  build: ChannelsLastBuilder,
  input: Value,
  [height, width]: readonly [number, number],
  { sampling, place }: { sampling: Sampling; place: string },
): Value {
  const channels = channelsOf(input, place);
  const [batch = 'N', rows, columns] = input.shape;
  if (typeof rows !== 'number' || typeof columns !== 'number') {
    throw new ModelError(`${place} resizes images of open size [${input.shape.join(', ')}]`);
  }
  if (![height, width].every((size) => Number.isInteger(size) && size > 0 && size <= LARGEST_SIDE)) {
    throw new ModelError(
      `${place} resizes to ${height}×${width}; sides of 1 to ${LARGEST_SIDE} are supported`,
    );
  }
  const left = build.weight('rows', samplingMatrix(rows, height, sampling));
  const right = build.weight('columns', permuted(samplingMatrix(columns, width, sampling), [1, 0]));
  const tall = build.node('MatMul', [left, build.channelsFirst(input)], {
    shape: [batch, height, columns, channels],
    order: 'channels-first',
  });
  return build.node('MatMul', [tall.name, right], {
    shape: [batch, height, width, channels],
    order: 'channels-first',
  });
}

/** [to, from]: the weights that each of `to` positions gives to `from` elements. */
export function samplingMatrix(from: number, to: number, sampling: Sampling): Tensor<'float32'> {
  const { method, alignCorners, halfPixelCenters } = sampling;
  const ratio = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = halfPixelCenters ? (i + 0.5) * ratio - (method === 'bilinear' ? 0.5 : 0) : i * ratio;
    if (method === 'nearest') {
      const nearest = Math.min(from - 1, alignCorners ? Math.round(at) : Math.floor(at));
      weights[i * from + nearest] = 1;
      continue;
    }
    const low = Math.max(0, Math.floor(at));
    const high = Math.min(from - 1, Math.ceil(at));
    const share = at - Math.floor(at);
    weights[i * from + low] = (weights[i * from + low] ?? 0) + (1 - share);
    weights[i * from + high] = (weights[i * from + high] ?? 0) + share;
  }
  return float32([to, from], weights);
}
