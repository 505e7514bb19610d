import { int, ints } from '@unpair/graph';

import type { Operation, Rules } from '../operation.js';
import type { WindowAxis } from '../window.js';
import { checkWindow, padsOf, paddingOf } from '../window.js';
import { activate } from './activation.js';

/** Fields of the options, by their numbers in schema.fbs. */
const CONV = { padding: 0, strideW: 1, strideH: 2, activation: 3, dilationW: 4, dilationH: 5 } as const;
const DEPTHWISE = { ...CONV, activation: 4, dilationW: 5, dilationH: 6 } as const;
const TRANSPOSED = { padding: 0, strideW: 1, strideH: 2, activation: 3 } as const;

/** From the file's filters [M,H,W,C/g] or [1,H,W,M] to ONNX's [M,C/g,H,W], and for a transposed one to [C,M,H,W]. */
const FILTER_ORDER = [0, 3, 1, 2] as const;
const DEPTHWISE_ORDER = [3, 0, 1, 2] as const;
const TRANSPOSED_ORDER = [3, 0, 1, 2] as const;

/** Convolutions of images. */
export const convolutionRules: Rules = {
  CONV_2D: (o) => {
    const [channels = 1, filters = 1] = [o.shape(0)[3], o.shape(1)[3]];
    if (channels % filters !== 0)
      throw o.refuse(`has filters of ${filters} channels for an input of ${channels}`);
    return convolution(o, { fields: CONV, order: FILTER_ORDER, group: channels / filters });
  },
  DEPTHWISE_CONV_2D: (o) =>
    convolution(o, { fields: DEPTHWISE, order: DEPTHWISE_ORDER, group: o.shape(0)[3] ?? 1 }),
  TRANSPOSE_CONV: transposedConvolution,
};

interface Convolution {
  readonly fields: typeof CONV | typeof DEPTHWISE;
  readonly order: readonly number[];
  readonly group: number;
}

/** Inputs: image, filters, and maybe a bias. */
function convolution(o: Operation, { fields, order, group }: Convolution): string {
  const image = o.image(0);
  o.requireRank(1, 4);
  const [, height = 1, width = 1] = o.shape(0);
  const [, kernelH = 1, kernelW = 1] = o.shape(1);
  const axes: readonly WindowAxis[] = [
    { size: height, kernel: kernelH, stride: o.int(fields.strideH), dilation: o.int(fields.dilationH, 1) },
    { size: width, kernel: kernelW, stride: o.int(fields.strideW), dilation: o.int(fields.dilationW, 1) },
  ];
  checkWindow(o, axes);
  const inputs = [image, o.input(1, order), ...(o.has(2) ? [o.bias(2, 0, 1)] : [])];
  const result = o.emit('Conv', inputs, {
    kernel_shape: ints([kernelH, kernelW]),
    strides: ints(axes.map(({ stride }) => stride)),
    dilations: ints(axes.map(({ dilation }) => dilation)),
    pads: ints(padsOf(axes, o.choice(fields.padding))),
    group: int(group),
  });
  return activate(o, fields.activation, o.channelsLast(result));
}

/** Inputs: the output's shape, filters, image, and maybe a bias. Its padding is that of the convolution it inverts. */
function transposedConvolution(o: Operation): string {
  const image = o.image(2);
  o.requireRank(1, 4);
  const [, height = 1, width = 1] = o.shape(2);
  const [, kernelH = 1, kernelW = 1] = o.shape(1);
  const [, outH = 1, outW = 1] = o.outputShape();
  const axes: readonly WindowAxis[] = [
    { size: outH, kernel: kernelH, stride: o.int(TRANSPOSED.strideH), dilation: 1 },
    { size: outW, kernel: kernelW, stride: o.int(TRANSPOSED.strideW), dilation: 1 },
  ];
  checkWindow(o, axes);
  const spans = [height, width].map((size, i) => {
    const { size: out, kernel, stride } = axes[i] ?? { size: 1, kernel: 1, stride: 1 };
    const [begin] = axes[i] === undefined ? [0] : paddingOf(axes[i], o.choice(TRANSPOSED.padding));
    // What is cut behind; a negative amount is added as zeros.
    return { stride, begin, end: stride * (size - 1) + kernel - out - begin };
  });
  const inputs = [image, o.input(1, TRANSPOSED_ORDER), ...(o.has(3) ? [o.bias(3, 2, 1)] : [])];
  const result = o.emit('ConvTranspose', inputs, {
    kernel_shape: ints([kernelH, kernelW]),
    strides: ints(spans.map(({ stride }) => stride)),
    pads: ints([...spans.map(({ begin }) => begin), ...spans.map(({ end }) => Math.max(end, 0))]),
    output_padding: ints(spans.map(({ end }) => Math.max(-end, 0))),
  });
  return activate(o, TRANSPOSED.activation, o.channelsLast(result));
}
