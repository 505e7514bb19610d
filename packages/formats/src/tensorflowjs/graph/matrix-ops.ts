import type { Tensor } from '@unpair/graph';

import { binary } from '../../channels-last/elementwise.js';
import { transpose } from '../../channels-last/shaping.js';
import type { Value } from '../../channels-last/value.js';
import type { NodeCall, OpWriter } from './node.js';

/** a·b of matrices, either of which may be transposed, plus a bias [columns] where there is one. */
export function fullyConnected(call: NodeCall, bias?: Tensor<'float32'>): Value {
  const { build, place } = call;
  const [a, b] = [0, 1].map((input) => {
    const value = call.value(input);
    if (value.shape.length !== 2)
      throw call.error(`takes [${value.shape.join(', ')}], where a matrix is expected`);
    return call.boolean(input === 0 ? 'transpose_a' : 'transpose_b')
      ? transpose(build, value, [1, 0], place)
      : value;
  });
  if (a === undefined || b === undefined) throw call.error('lacks an input');
  const [rows = 1, inner] = a.shape;
  const [innerToo, columns = 1] = b.shape;
  if (inner !== innerToo) throw call.error(`multiplies [${a.shape.join(', ')}] by [${b.shape.join(', ')}]`);
  const result = { shape: [rows, columns], order: 'written' as const };
  const inputs = [build.written(a), build.written(b)];
  if (bias === undefined) return build.node('MatMul', inputs, result);
  if (bias.data.length !== columns) throw call.error(`has ${bias.data.length} biases for ${columns} columns`);
  return build.node('Gemm', [...inputs, build.weight('bias', bias)], result);
}

const biasAdd: OpWriter = (call) => {
  const [value, bias] = [call.value(0), call.value(1)];
  if (call.text('data_format', 'NHWC') !== 'NCHW' || value.shape.length !== 4) {
    return binary(call.build, 'Add', value, bias, call.place);
  }
  const images = transpose(call.build, value, [0, 2, 3, 1], call.place);
  return transpose(call.build, binary(call.build, 'Add', images, bias, call.place), [0, 3, 1, 2], call.place);
};

/** Products of matrices, and biases. */
export const matrixOps: Readonly<Record<string, OpWriter>> = {
  MatMul: (call) => fullyConnected(call),
  BiasAdd: biasAdd,
  BiasAddV1: biasAdd,
};
