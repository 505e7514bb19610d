import type { Graph, Tensor } from '@unpair/graph';
import { GraphBuilder, float32, gradient, int } from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';

interface Quantizer {
  readonly scale: Tensor;
  readonly zeroPoint: Tensor;
  /** The scale to dequantize with, where it is another one. */
  readonly back?: Tensor;
}

/** x, quantized and dequantized, times 3. */
function quantized({ scale, zeroPoint, back = scale }: Quantizer, shape: readonly number[]): Graph {
  const builder = new GraphBuilder('quantized');
  const x = builder.input('x', 'float32', shape);
  const zero = builder.initializer('zero', zeroPoint);
  const axis = { axis: int(1) };
  const q = builder.node('QuantizeLinear', [x, builder.initializer('scale', scale), zero], axis);
  const y = builder.node('DequantizeLinear', [q, builder.initializer('scale', back), zero], axis);
  builder.output(builder.rename(builder.node('Mul', [y, builder.scalar(3)]), 'y'), 'float32', shape);
  return builder.build();
}

async function derivative(quantizer: Quantizer, x: Tensor): Promise<readonly number[]> {
  const graph = gradient(quantized(quantizer, x.shape), { of: 'y', wrt: ['x'] });
  const results = await runGraph(graph, { x });
  return Array.from(results['d_y/d_x']?.data as Float32Array);
}

const uint8 = (values: readonly number[], shape: readonly number[] = []): Tensor => ({
  dataType: 'uint8',
  shape,
  data: Uint8Array.from(values),
});
const int8 = (values: readonly number[], shape: readonly number[] = []): Tensor => ({
  dataType: 'int8',
  shape,
  data: Int8Array.from(values),
});

describe('quantization is differentiated straight through', () => {
  it('inside the clipping range, and is zero outside', async () => {
    // uint8 with zero point 100 and scale 0.1 holds -10 … 15.5, and half a step more before it clips.
    const quantizer = { scale: float32([], [0.1]), zeroPoint: uint8([100]) };
    const x = float32([7], [-20, -10.06, -10.04, 0, 15.54, 15.56, 20]);
    expect(await derivative(quantizer, x)).toEqual([0, 0, 3, 3, 3, 0, 0]);
  });

  it('with a scale and a range for each channel', async () => {
    const quantizer = { scale: float32([2], [0.01, 1]), zeroPoint: int8([0, 0], [2]) };
    const x = float32([1, 2, 3], [-2, 0.5, 2, -2, 0.5, 200]);
    expect(await derivative(quantizer, x)).toEqual([0, 3, 0, 3, 3, 0]);
  });

  it('with the ratio of the scales where the value is dequantized with another', async () => {
    const quantizer = { scale: float32([], [0.5]), zeroPoint: int8([0]), back: float32([], [1]) };
    expect(await derivative(quantizer, float32([2], [1, 100]))).toEqual([6, 0]);
  });

  it('also through operators that move the integers about', async () => {
    const builder = new GraphBuilder('moved');
    const x = builder.input('x', 'float32', [2, 2]);
    const scale = builder.initializer('scale', float32([], [0.1]));
    const zero = builder.initializer('zero', int8([0]));
    const q = builder.node('Transpose', [builder.node('QuantizeLinear', [x, scale, zero])]);
    const y = builder.node('DequantizeLinear', [q, scale, zero]);
    const weights = builder.initializer('weights', float32([2, 2], [1, 2, 3, 4]));
    builder.output(builder.rename(builder.node('Mul', [y, weights]), 'y'), 'float32', [2, 2]);
    const results = await runGraph(gradient(builder.build(), { of: 'y', wrt: ['x'] }), {
      x: float32([2, 2], [1, 2, 300, 4]),
    });
    expect(Array.from(results['d_y/d_x']?.data as Float32Array)).toEqual([1, 3, 0, 4]);
  });
});
