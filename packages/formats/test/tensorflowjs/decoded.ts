import type { Graph } from '@unpair/graph';
import { ModelError, float32 } from '@unpair/graph';
import { createRuntime } from '@unpair/runtime';

import { decodeTensorflowJs } from '../../src/index.js';
import type { SavedModel } from './tensorflow.js';

export function decode({ json, shards }: SavedModel): Graph {
  return decodeTensorflowJs(json, (path) => {
    const shard = shards.get(path);
    if (shard === undefined) throw new ModelError(`there is no shard ${path}`);
    return shard;
  });
}

/** What a graph gives for one input. */
export async function run(graph: Graph, data: Float32Array, shape: readonly number[]): Promise<Float32Array> {
  const executable = await (await createRuntime()).load(graph);
  try {
    const [input] = graph.inputs;
    const results = await executable.run({ [input?.name ?? '']: float32(shape, data) });
    const output = results[graph.outputs[0]?.name ?? ''];
    if (output?.dataType !== 'float32') throw new Error('the graph gives no float32');
    return output.data;
  } finally {
    await executable.close();
  }
}

/** Largest difference, relative to the largest number. */
export function distance(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Infinity;
  const scale = Math.max(1e-6, ...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? NaN)))) / scale;
}
