import { GraphBuilder, float32 } from '@unpair/graph';
import { createOnnxRuntime } from '@unpair/runtime';

const SIZE = 1024;

/** A product of two square matrices: what this core can do at best. */
export interface Sgemm {
  /** Floating-point operations in a second, once. */
  readonly measure: () => Promise<number>;
  readonly close: () => Promise<void>;
}

export async function loadSgemm(): Promise<Sgemm> {
  const graph = new GraphBuilder('sgemm');
  const [a, b] = [graph.input('a', 'float32', [SIZE, SIZE]), graph.input('b', 'float32', [SIZE, SIZE])];
  graph.output(graph.node('MatMul', [a, b]), 'float32', [SIZE, SIZE]);
  const executable = await createOnnxRuntime().load(graph.build(), { threads: 1 });
  const elements = new Float32Array(SIZE ** 2).map((_, index) => Math.sin(index));
  const matrix = float32([SIZE, SIZE], elements);
  return {
    measure: async () => {
      const start = performance.now();
      await executable.run({ a: matrix, b: matrix });
      return (2 * SIZE ** 3) / ((performance.now() - start) / 1000);
    },
    close: () => executable.close(),
  };
}
