import type { Graph } from '@unpair/graph';
import { isQuantized } from '@unpair/graph';

const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * Whether 8-bit values meet constant weights in floats, as they do in derivatives, whose weights were folded.
 * onnxruntime takes such a graph for one that was quantized by halves, and rounds the weights to 8 bits of its own: the
 * derivative would be that of another model.
 */
export function mixesQuantizedAndFloat({ nodes, initializers }: Graph): boolean {
  const dequantized = new Set(
    nodes.filter(({ op }) => op === 'DequantizeLinear').flatMap(({ outputs }) => outputs),
  );
  return nodes.some(
    ({ op, inputs }) =>
      WEIGHTED.has(op) &&
      dequantized.has(inputs[0] ?? '') &&
      initializers.get(inputs[1] ?? '')?.dataType === 'float32',
  );
}

/** Whether onnxruntime may put integer kernels in the place of a graph's operators. */
export function fusesToIntegers(graph: Graph): boolean {
  return isQuantized(graph) && !mixesQuantizedAndFloat(graph);
}
