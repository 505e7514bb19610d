import { int, ints } from '@unpair/graph';

import type { Operation, Rules } from '../operation.js';

/** Field of ReducerOptions. */
const KEEPS_DIMENSIONS = 0;

/** Inputs: a value and the axes that are reduced. */
export const reductionRules: Rules = {
  MEAN: (o) => withAttribute(o, 'ReduceMean'),
  REDUCE_MAX: (o) => withAttribute(o, 'ReduceMax'),
  REDUCE_MIN: (o) => withAttribute(o, 'ReduceMin'),
  SUM: (o) => o.emit('ReduceSum', [o.input(0), o.vector(axesOf(o))], { keepdims: keepsDimensions(o) }),
};

/** In operator set 17 all reductions but the sum have their axes as an attribute. */
function withAttribute(o: Operation, op: string): string {
  return o.emit(op, [o.input(0)], { axes: ints(axesOf(o)), keepdims: keepsDimensions(o) });
}

function axesOf(o: Operation): readonly number[] {
  const axes = o.integers(1, 'axes').map((axis) => o.axis(axis, o.shape(0).length, o.isBatched(0)));
  return [...new Set(axes)].sort((a, b) => a - b);
}

function keepsDimensions(o: Operation): ReturnType<typeof int> {
  return int(o.flag(KEEPS_DIMENSIONS) ? 1 : 0);
}
