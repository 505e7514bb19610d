import type { Graph } from '@unpair/graph';
import { GraphBuilder, LABELS, float32, int, ints, lossAndInputGradient } from '@unpair/graph';
import { createOnnxRuntime, discoverDevices } from '@unpair/runtime';
import { describe, expect, it } from 'vitest';
import { pattern } from './conformance/reference.js';

/** A few tiny graphs: a driver that computes on the CPU compiles shaders for half a second each. */

const request = { runtime: 'onnxruntime', device: 'webgpu' } as const;
const report = (await discoverDevices(request)).find(({ device }) => device === 'webgpu');
if (!report?.usable) console.log(`WebGPU is not tested here: ${report?.detail ?? 'it is unknown'}`);

const SHAPE = [3, 8, 8];
const images = (count: number): ReturnType<typeof float32> =>
  float32([count, ...SHAPE], pattern([4, ...SHAPE], 9).data.slice(0, count * 192));

/** A convolution, an activation, pooling and a linear layer, whose output is `logits`. */
function classifier(): Graph {
  const graph = new GraphBuilder('classifier');
  graph.input('images', 'float32', ['N', ...SHAPE]);
  const filters = graph.initializer('filters', pattern([8, 3, 3, 3], 2));
  const features = graph.node('Relu', [
    graph.node('Conv', ['images', filters], { pads: ints([1, 1, 1, 1]) }),
  ]);
  const pooled = graph.node('Flatten', [graph.node('GlobalAveragePool', [features])], { axis: int(1) });
  const head = graph.initializer('head', pattern([8, 4], 3));
  graph.output(graph.rename(graph.node('MatMul', [pooled, head]), 'logits'), 'float32', ['N', 4]);
  return graph.build();
}

async function valuesOf(device: string, graph: Graph, count: number): Promise<readonly Float32Array[]> {
  const executable = await createOnnxRuntime(device).load(graph);
  const labels = float32(
    [count, 4],
    Float32Array.from({ length: count * 4 }, (_, i) => (i % 5 === 0 ? 1 : 0)),
  );
  const isFed = graph.inputs.some(({ name }) => name === LABELS);
  const results = await executable.run({ images: images(count), ...(isFed && { [LABELS]: labels }) });
  await executable.close();
  return Object.values(results).map(({ data }) => data as Float32Array);
}

describe.skipIf(!report?.usable)('onnxruntime on WebGPU', () => {
  it('gives the logits of the CPU, and one row the same bits alone and in a batch', async () => {
    const [[cpu], [gpu], [alone]] = await Promise.all([
      valuesOf('cpu', classifier(), 4),
      valuesOf('webgpu', classifier(), 4),
      valuesOf('webgpu', classifier(), 1),
    ]);
    for (const [i, value] of (cpu ?? []).entries()) expect(gpu?.[i]).toBeCloseTo(value, 4);
    expect(gpu?.slice(0, 4)).toEqual(alone);
  });

  it("gives the CPU's loss and input gradient", async () => {
    const { graph } = lossAndInputGradient(classifier(), 'cross-entropy');
    const [cpu, gpu] = await Promise.all([valuesOf('cpu', graph, 2), valuesOf('webgpu', graph, 2)]);
    for (const [output, values] of cpu.entries())
      for (const [i, value] of values.entries()) expect(gpu[output]?.[i]).toBeCloseTo(value, 4);
  });

  it('refuses what its provider does not know, and computes none of it on the CPU', async () => {
    const graph = new GraphBuilder('unknown there');
    graph.input('x', 'float32', [3, 3]);
    graph.output(graph.node('Det', ['x']), 'float32', []);
    await expect(createOnnxRuntime('webgpu').load(graph.build())).rejects.toThrow(/default CPU EP/);
  });
});
