import type { Graph } from '@unpair/graph';
import { inferShapes } from '@unpair/graph';

/**
 * Floating-point operations that one image costs in a model's convolutions and matrix products, forwards: two for
 * each product that is added up. Everything else is left out, as is usual.
 */
export function flopsPerImage(graph: Graph): number {
  const types = inferShapes(graph);
  const sizesOf = (name: string | undefined): readonly number[] =>
    (types.get(name ?? '')?.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
  const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);
  return graph.nodes.reduce((total, { op, inputs, outputs }) => {
    const weight = sizesOf(inputs[1]);
    const positions = product(sizesOf(outputs[0]).slice(2));
    if (op === 'Conv') return total + 2 * product(weight) * positions;
    if (op === 'Gemm' || op === 'MatMul') return total + 2 * product(weight);
    return total;
  }, 0);
}
