import * as ort from 'onnxruntime-node';
import type { DataType, Graph, Tensor } from '@unpair/graph';
import { encodeModel } from '@unpair/graph';

/** Runs a graph once, on the reference runtime itself. */
export async function runGraph(
  graph: Graph | Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const bytes = graph instanceof Uint8Array ? graph : encodeModel(graph);
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    // As the runtime package has it: integer kernels that do not saturate on any processor.
    extra: { session: { x64quantprecision: '1' } },
  });
  try {
    const results = await session.run(
      Object.fromEntries(
        Object.entries(feeds).map(([name, { dataType, shape, data }]) => [
          name,
          new ort.Tensor(dataType as 'float32', data as Float32Array, shape),
        ]),
      ),
    );
    return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, fromOrt(value)]));
  } finally {
    await session.release();
  }
}

function fromOrt(value: ort.Tensor): Tensor {
  return { dataType: value.type as DataType, shape: [...value.dims], data: value.data } as Tensor;
}
