import type { Attributes } from '@unpair/graph';
import { GraphBuilder, int, ints, string } from '@unpair/graph';
import { describe, it } from 'vitest';
import { checkGradient, graphOf } from './support/check-gradient.js';

interface Case {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly attributes: Attributes;
}

const pads = (...values: number[]): Attributes => ({ pads: ints(values) });
const strides = (...values: number[]): Attributes => ({ strides: ints(values) });
const dilations = (...values: number[]): Attributes => ({ dilations: ints(values) });
const group = (value: number): Attributes => ({ group: int(value) });
const auto = (value: string): Attributes => ({ auto_pad: string(value) });

const convolutions: readonly Case[] = [
  { x: [2, 3, 6, 5], w: [4, 3, 3, 3], attributes: pads(1, 1, 1, 1) },
  { x: [2, 3, 6, 5], w: [4, 3, 1, 1], attributes: {} },
  { x: [1, 3, 7, 6], w: [4, 3, 3, 2], attributes: pads(0, 1, 2, 1) },
  { x: [2, 3, 8, 8], w: [4, 3, 3, 3], attributes: { ...pads(1, 1, 1, 1), ...strides(2, 2) } },
  { x: [2, 3, 7, 8], w: [4, 3, 3, 3], attributes: { ...pads(1, 1, 1, 1), ...strides(2, 2) } },
  { x: [2, 3, 7, 8], w: [4, 3, 1, 1], attributes: strides(2, 2) },
  { x: [2, 3, 9, 8], w: [4, 3, 5, 2], attributes: { ...pads(2, 0, 1, 0), ...strides(3, 2) } },
  { x: [1, 2, 9, 9], w: [3, 2, 3, 3], attributes: { ...dilations(2, 2), ...pads(2, 2, 2, 2) } },
  { x: [1, 2, 11, 9], w: [3, 2, 3, 2], attributes: { ...dilations(2, 3), ...strides(2, 2) } },
  { x: [1, 2, 11, 9], w: [3, 2, 2, 2], attributes: { ...dilations(2, 2), ...strides(4, 3) } },
  { x: [2, 4, 6, 6], w: [6, 2, 3, 3], attributes: { ...group(2), ...pads(1, 1, 1, 1) } },
  { x: [2, 4, 6, 6], w: [6, 2, 3, 3], attributes: { ...group(2), ...pads(1, 1, 1, 1), ...strides(2, 2) } },
  { x: [2, 4, 6, 6], w: [4, 1, 3, 3], attributes: { ...group(4), ...pads(1, 1, 1, 1) } },
  { x: [2, 4, 6, 6], w: [8, 1, 3, 3], attributes: { ...group(4), ...strides(2, 1) } },
  { x: [2, 4, 9, 8], w: [4, 1, 2, 3], attributes: { ...group(4), ...strides(3, 3), ...dilations(1, 2) } },
  { x: [2, 4, 9, 6], w: [4, 1, 2, 2], attributes: { ...group(4), ...strides(4, 3) } },
  { x: [1, 2, 5, 5], w: [2, 2, 2, 2], attributes: pads(3, 3, 3, 3) },
  { x: [1, 2, 8, 7], w: [2, 2, 3, 3], attributes: { ...auto('SAME_UPPER'), ...strides(2, 2) } },
  { x: [1, 2, 8, 7], w: [2, 2, 3, 4], attributes: auto('SAME_LOWER') },
  { x: [1, 2, 8, 7], w: [2, 2, 3, 3], attributes: { ...auto('VALID'), ...strides(3, 3) } },
  { x: [2, 3, 10], w: [4, 3, 3], attributes: pads(1, 1) },
  { x: [2, 3, 10], w: [4, 3, 4], attributes: { ...strides(3), ...pads(2, 0) } },
];

const transposed: readonly Case[] = [
  { x: [2, 3, 5, 4], w: [3, 4, 3, 3], attributes: {} },
  { x: [2, 3, 5, 4], w: [3, 4, 3, 3], attributes: { ...strides(2, 2), ...pads(1, 1, 1, 1) } },
  {
    x: [2, 3, 5, 4],
    w: [3, 4, 3, 3],
    attributes: { ...strides(2, 2), ...pads(1, 1, 1, 1), output_padding: ints([1, 1]) },
  },
  { x: [2, 4, 5, 4], w: [4, 3, 2, 2], attributes: { ...strides(2, 2), ...group(2) } },
  { x: [2, 4, 5, 4], w: [4, 1, 3, 3], attributes: { ...strides(2, 2), ...pads(1, 0, 1, 1), ...group(4) } },
  {
    x: [1, 2, 4, 4],
    w: [2, 2, 3, 2],
    attributes: { ...dilations(2, 2), ...strides(2, 1), ...pads(1, 0, 1, 1) },
  },
  { x: [1, 2, 6], w: [2, 3, 4], attributes: { ...strides(3) } },
];

describe.each([
  ['Conv', convolutions],
  ['ConvTranspose', transposed],
])('%s', (op, cases) => {
  it.each(cases.map((entry) => [JSON.stringify(entry), entry] as const))(
    '%s',
    async (_, { x, w, attributes }) => {
      const outputs =
        op === 'Conv'
          ? (w[0] ?? 1)
          : (w[1] ?? 1) * (attributes['group']?.kind === 'int' ? Number(attributes['group'].value) : 1);
      const points = { x: { shape: x }, w: { shape: w }, b: { shape: [outputs] } };
      await checkGradient(
        graphOf(points, (g) => g.node(op, ['x', 'w', 'b'], attributes), x),
        points,
      );
    },
  );
});

describe('a batch whose size is known only at run time', () => {
  it.each([1, 2])('differentiates a convolution with stride %d', async (stride) => {
    const builder = new GraphBuilder('any-batch');
    const x = builder.input('x', 'float32', ['N', 3, 6, 5]);
    const w = builder.input('w', 'float32', [4, 3, 3, 3]);
    const y = builder.node('Conv', [x, w], { ...pads(1, 1, 1, 1), ...strides(stride, stride) });
    builder.output(y, 'float32', ['N', 4, Math.ceil(6 / stride), Math.ceil(5 / stride)]);
    await checkGradient(builder.build(), { x: { shape: [3, 3, 6, 5] }, w: { shape: [4, 3, 3, 3] } });
  });

  it.each([
    ['depthwise', [4, 1, 3, 3], 4],
    ['pointwise', [4, 4, 1, 1], 1],
  ] as const)('differentiates a %s convolution', async (_, shape, groups) => {
    const builder = new GraphBuilder('any-batch');
    const x = builder.input('x', 'float32', ['N', 4, 6, 5]);
    const w = builder.input('w', 'float32', shape);
    const pad = (shape[2] - 1) / 2;
    const y = builder.node('Conv', [x, w], { ...pads(pad, pad, pad, pad), ...group(groups) });
    builder.output(y, 'float32', ['N', 4, 6, 5]);
    await checkGradient(builder.build(), { x: { shape: [3, 4, 6, 5] }, w: { shape } });
  });
});
