import { expect, it } from 'vitest';
import type { Graph, Tensor } from '@unpair/graph';
import { GraphBuilder, float32, int } from '@unpair/graph';
import { createOnnxRuntime } from '@unpair/runtime';

const CHANNELS = 64;

/** A quantized 1×1 convolution of 64 channels whose weights are all 127. */
function quantizedConvolution(): Graph {
  const b = new GraphBuilder('saturation');
  const x = b.input('x', 'float32', ['N', CHANNELS, 4, 4]);
  const scalar = (value: number): string => b.initializer('scale', float32([], [value]));
  const zero = (tensor: Tensor): string => b.initializer('zero', tensor);
  const round = (value: string, scale: number): string => {
    const parameters = [scalar(scale), zero({ dataType: 'uint8', shape: [], data: new Uint8Array(1) })];
    return b.node('DequantizeLinear', [b.node('QuantizeLinear', [value, ...parameters]), ...parameters]);
  };
  const data = new Int8Array(CHANNELS * CHANNELS).fill(127);
  const weights = b.node(
    'DequantizeLinear',
    [
      b.initializer('w', { dataType: 'int8', shape: [CHANNELS, CHANNELS, 1, 1], data }),
      b.initializer('scale', float32([CHANNELS], new Float32Array(CHANNELS).fill(1))),
      zero({ dataType: 'int8', shape: [CHANNELS], data: new Int8Array(CHANNELS) }),
    ],
    { axis: int(0) },
  );
  const y = round(b.node('Conv', [round(x, 1), weights]), 2 ** 14);
  b.output(b.rename(y, 'y'), 'float32', ['N', CHANNELS, 4, 4]);
  return b.build();
}

it('adds 8-bit products without saturating, whatever the processor', async () => {
  const executable = await createOnnxRuntime().load(quantizedConvolution());
  try {
    const x = float32([1, CHANNELS, 4, 4], new Float32Array(CHANNELS * 16).fill(255));
    const { y } = await executable.run({ x });
    const expected = Math.round((255 * 127 * CHANNELS) / 2 ** 14) * 2 ** 14;
    expect(new Set(Array.from(y?.data ?? [], Number))).toEqual(new Set([expected]));
  } finally {
    await executable.close();
  }
});
