import { ModelError, float32 } from '@unpair/graph';
import type { Graph, Tensor } from '@unpair/graph';
import { createRuntime } from '@unpair/runtime';

/** What a graph of one input gives for `values`, whose first dimension is `count`. */
export async function runImages(graph: Graph, values: Float32Array, count: number): Promise<Tensor> {
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  if (input === undefined || output === undefined) throw new ModelError('the graph lacks an input or output');
  const executable = await (await createRuntime('onnxruntime')).load(graph);
  try {
    const shape = [count, ...input.shape.slice(1).map(Number)];
    const results = await executable.run({ [input.name]: float32(shape, values) });
    const result = results[output.name];
    if (result === undefined) throw new ModelError(`no result "${output.name}"`);
    return result;
  } finally {
    await executable.close();
  }
}
