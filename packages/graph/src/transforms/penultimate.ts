import type { Graph, Node } from '../graph.js';
import { producersOf } from './consumers.js';

/** Operators of a linear layer: its first input is what it maps, unless that is the weight. */
const LINEAR = new Set(['Gemm', 'MatMul', 'Conv', 'QLinearConv', 'QLinearMatMul']);

/**
 * Name of the value that the classifier's last linear layer maps to its logits: the penultimate features, whose
 * geometry is what the model has learnt (Kornblith et al. 2019, arXiv 1905.00414). Found by walking back from `output`
 * through whatever only rescales, biases or pools it. Undefined where that way forks before a linear layer, or there is
 * none.
 */
export function penultimateValue(graph: Graph, output: string): string | undefined {
  const producers = producersOf(graph);
  const computed = dependsOnInput(graph);
  let value = output;
  for (;;) {
    const node = producers.get(value);
    if (node === undefined) return undefined;
    const [source, another] = [...new Set(node.inputs)].filter((name) => computed.has(name));
    if (source === undefined || another !== undefined) return undefined;
    if (isLinear(node)) return source;
    value = source;
  }
}

function isLinear({ op, domain }: Node): boolean {
  return domain === '' && LINEAR.has(op);
}

/** Values that are not the same for every input. */
function dependsOnInput({ inputs, nodes }: Graph): ReadonlySet<string> {
  const computed = new Set(inputs.map(({ name }) => name));
  for (const node of nodes) {
    if (!node.inputs.some((name) => computed.has(name))) continue;
    for (const name of node.outputs) computed.add(name);
  }
  return computed;
}
