import { ints } from '@unpair/graph';

import type { Operation, Rules } from '../operation.js';
import type { WindowAxis } from '../window.js';
import { checkWindow, padsOf } from '../window.js';
import { activate } from './activation.js';

/** Fields of Pool2DOptions. */
const POOL = { padding: 0, strideW: 1, strideH: 2, kernelW: 3, kernelH: 4, activation: 5 } as const;

/** Pools; averages do not count padding. */
export const poolingRules: Rules = {
  AVERAGE_POOL_2D: (o) => finish(o, halvesAwayFromZero(o, pool(o, 'AveragePool'))),
  MAX_POOL_2D: (o) => finish(o, pool(o, 'MaxPool')),
};

function pool(o: Operation, op: string): string {
  const image = o.image(0);
  const [, height = 1, width = 1] = o.shape(0);
  const axes: readonly WindowAxis[] = [
    { size: height, kernel: o.int(POOL.kernelH), stride: o.int(POOL.strideH), dilation: 1 },
    { size: width, kernel: o.int(POOL.kernelW), stride: o.int(POOL.strideW), dilation: 1 },
  ];
  checkWindow(o, axes);
  return o.emit(op, [image], {
    kernel_shape: ints(axes.map(({ kernel }) => kernel)),
    strides: ints(axes.map(({ stride }) => stride)),
    pads: ints(padsOf(axes, o.choice(POOL.padding))),
  });
}

function finish(o: Operation, image: string): string {
  return activate(o, POOL.activation, o.channelsLast(image));
}

/**
 * Averages of integers often lie halfway between two of them, and TFLite rounds these away from the integer zero. Less than
 * half of what sets two averages apart decides just those.
 */
function halvesAwayFromZero(o: Operation, average: string): string {
  const quantization = o.quantization(0);
  if (quantization === undefined) return average;
  const { scale, zeroPoint } = quantization;
  const nudge = scale / (4 * o.int(POOL.kernelW) * o.int(POOL.kernelH));
  const sign = o.emit('Sign', [o.emit('Add', [average, o.scalar(scale * zeroPoint)])]);
  return o.emit('Add', [average, o.emit('Mul', [sign, o.scalar(nudge)])]);
}
