import type { Graph, Tensors } from '@unpair/graph';
import { GraphBuilder, encodeModel, float32, gradient, gradientName, int, ints, sizeOf } from '@unpair/graph';
import { createOnnxRuntime } from '@unpair/runtime';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { lowerConvolutions } from '../src/onnxruntime/blocked-convolution.js';

const shapes = { x: [2, 16, 6, 6], w: [16, 1, 3, 3], seed: [2, 16, 6, 6] } as const;

/** The gradients of a depthwise convolution, weighted with `seed`. */
function depthwiseGradients(): Graph {
  const builder = new GraphBuilder('depthwise');
  for (const [name, shape] of Object.entries(shapes)) builder.input(name, 'float32', shape);
  const attributes = { pads: ints([1, 1, 1, 1]), group: int(16) };
  const y = builder.rename(builder.node('Conv', ['x', 'w'], attributes), 'y');
  builder.output(y, 'float32', shapes.x);
  return gradient(builder.build(), { of: 'y', wrt: ['x', 'w'], seed: 'seed' });
}

function feeds(): Tensors {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const values = new Float32Array(sizeOf(shape)).map((_, index) => Math.sin(index + name.length));
      return [name, float32(shape, values)];
    }),
  );
}

/** What onnxruntime makes of the graph when it is left as it is. */
async function unlowered(graph: Graph): Promise<Readonly<Record<string, Float32Array>>> {
  const session = await ort.InferenceSession.create(encodeModel(graph), { logSeverityLevel: 4 });
  const entries = Object.entries(feeds()).map(
    ([name, { data, shape }]) => [name, new ort.Tensor('float32', data as Float32Array, shape)] as const,
  );
  const results = await session.run(Object.fromEntries(entries));
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

describe('depthwise convolutions with fed weights', () => {
  it('have the gradients that they have without blocked channels', async () => {
    const graph = depthwiseGradients();
    const expected = await unlowered(graph);
    const executable = await createOnnxRuntime().load(graph);
    const results = await executable.run(feeds());
    await executable.close();
    for (const name of ['y', gradientName('y', 'x'), gradientName('y', 'w')]) {
      const values = results[name]?.data as Float32Array;
      expect(values).toHaveLength(expected[name]?.length ?? NaN);
      values.forEach((value, index) => {
        expect(value).toBeCloseTo(expected[name]?.[index] ?? NaN, 4);
      });
    }
  });

  it('reorder each image once, although the weight gradient reads it in another shape', () => {
    const lowered = lowerConvolutions(depthwiseGradients(), 8);
    const count = (op: string): number => lowered.nodes.filter((node) => node.op === op).length;
    expect(lowered.nodes.filter(({ op, domain }) => op === 'Conv' && domain === '')).toEqual([]);
    // The image, the adjoint of the result, the filter, and the filter turned round.
    expect(count('ReorderInput')).toBe(4);
  });

  it('stay as they are where the channels do not fill a block', () => {
    const graph = depthwiseGradients();
    const convolutions = (lowered: Graph): number =>
      lowered.nodes.filter(({ op, domain }) => op === 'Conv' && domain === '').length;
    expect(convolutions(lowerConvolutions(graph, 32))).toBe(2);
  });
});
