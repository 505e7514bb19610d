import { int, string } from '@unpair/graph';

import type { Operation, Rules } from '../operation.js';

/** Operators that move elements without changing them. */
export const shapeRules: Rules = {
  RESHAPE: (o) => reshape(o, targetOf(o)),
  SQUEEZE: (o) => reshape(o, o.outputShape()),
  EXPAND_DIMS: (o) => reshape(o, o.outputShape()),
  TRANSPOSE: (o) => {
    const order = o.integers(1, 'order of axes');
    const rank = o.shape(0).length;
    if (order.length !== rank || order.toSorted((a, b) => a - b).some((axis, i) => axis !== i)) {
      throw o.refuse(`has order of axes [${order.join(', ')}] for ${rank} dimensions`);
    }
    return o.transpose(o.input(0), order);
  },
  SPACE_TO_DEPTH: (o) => o.channelsLast(o.emit('SpaceToDepth', [o.image(0)], { blocksize: int(o.int(0)) })),
  DEPTH_TO_SPACE: (o) =>
    o.channelsLast(o.emit('DepthToSpace', [o.image(0)], { blocksize: int(o.int(0)), mode: string('DCR') })),
};

/**
 * The first input in another shape of the file. The file's batch is one size, the graph's is open: it has to stay the
 * first dimension.
 */
export function reshape(o: Operation, shape: readonly number[]): string {
  if (!o.isBatched(0)) return o.emit('Reshape', [o.input(0), o.vector(shape)]);
  const [batch = 1, ...sizes] = o.shape(0);
  const [first, ...others] = shape;
  const count = sizes.reduce((product, size) => product * size, 1);
  if (first !== batch || others.reduce((product, size) => product * size, 1) !== count) {
    throw o.refuse(
      `turns [${o.shape(0).join(', ')}] into [${shape.join(', ')}], but the batch of ${batch} must stay the first dimension`,
    );
  }
  return o.emit('Reshape', [o.input(0), o.vector([0, ...others])]);
}

/** What the file says of the result, held against the constant target where there is one. */
function targetOf(o: Operation): readonly number[] {
  const result = o.outputShape();
  const target = o.isConstant(1) ? o.integers(1, 'shape') : result;
  if (target.length !== result.length || target.some((size, i) => size !== -1 && size !== result[i])) {
    throw o.refuse(`has the shape [${target.join(', ')}], but its result is [${result.join(', ')}]`);
  }
  return result;
}
