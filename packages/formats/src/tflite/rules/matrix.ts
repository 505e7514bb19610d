import { int } from '@unpair/graph';

import type { Operation, Rules } from '../operation.js';
import { activate } from './activation.js';
import { reshape } from './shape.js';

/** Fields of FullyConnectedOptions and BatchMatMulOptions. */
const DENSE = { activation: 0, format: 1, keepsDimensions: 2 } as const;
const MATMUL = { transposeA: 0, transposeB: 1 } as const;

/** Matrix products. */
export const matrixRules: Rules = {
  FULLY_CONNECTED: fullyConnected,
  BATCH_MATMUL: (o) =>
    o.emit('MatMul', [
      maybeTransposed(o, 0, o.flag(MATMUL.transposeA)),
      maybeTransposed(o, 1, o.flag(MATMUL.transposeB)),
    ]),
};

/** Inputs: rows, weights [outputs, inputs], and maybe a bias. */
function fullyConnected(o: Operation): string {
  if (o.choice(DENSE.format) !== 0) throw o.refuse('has shuffled weights, which are not supported');
  o.requireRank(1, 2);
  const shape = o.shape(0);
  const [, width = 1] = o.shape(1);
  const bias = o.has(2) ? [o.bias(2, 0, 1)] : [];
  if (o.flag(DENSE.keepsDimensions) && shape.length > 2) {
    const product = o.emit('MatMul', [o.input(0), o.input(1, [1, 0])]);
    return activate(
      o,
      DENSE.activation,
      bias.reduce((sum, vector) => o.emit('Add', [sum, vector]), product),
    );
  }
  const [batch = 1] = shape;
  const rows = shape.length === 2 ? o.input(0) : reshape(o, [batch, width]);
  return activate(o, DENSE.activation, o.emit('Gemm', [rows, o.input(1), ...bias], { transB: int(1) }));
}

function maybeTransposed(o: Operation, i: number, isTransposed: boolean): string {
  if (!isTransposed) return o.input(i);
  const rank = o.shape(i).length;
  if (rank < 2) throw o.refuse(`needs matrices, its input ${i} has ${rank} dimensions`);
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return o.input(i, [...order.slice(0, -2), rank - 1, rank - 2]);
}
