import type { Runtime } from '@unpair/graph';
import { GraphBuilder, float32 } from '@unpair/graph';
import type { Row } from './row.js';

const SIZE = 1024;

/** A product of two square matrices: what this core can do at best, in the words of the engine itself. */
export async function sgemmRow(runtime: Runtime): Promise<Row> {
  const graph = new GraphBuilder('sgemm');
  const [a, b] = [graph.input('a', 'float32', [SIZE, SIZE]), graph.input('b', 'float32', [SIZE, SIZE])];
  graph.output(graph.node('MatMul', [a, b]), 'float32', [SIZE, SIZE]);
  const executable = await runtime.load(graph.build(), { threads: 1 });
  const matrix = float32(
    [SIZE, SIZE],
    Float32Array.from({ length: SIZE ** 2 }, (_, index) => Math.sin(index)),
  );
  return {
    name: 'SGEMM',
    workload: 'sgemm',
    engine: 'unpair',
    flops: 2 * SIZE ** 3,
    seconds: [],
    measure: async () => {
      const start = performance.now();
      await executable.run({ a: matrix, b: matrix });
      return (performance.now() - start) / 1000;
    },
    close: () => executable.close(),
  };
}
