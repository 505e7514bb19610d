import type { Graph, Node } from '../graph.js';
import { outputNames, producersOf } from './consumers.js';

/**
 * Removes nodes that pass their input on: Identity, and Dropout outside training. A graph output keeps its name;
 * where that is the name of such a node's result, what computes it takes the name over.
 */
export function dropIdentities(graph: Graph): Graph {
  const producers = producersOf(graph);
  const outputs = outputNames(graph);
  const renamed = new Map<string, string>();
  const current = (name: string): string => renamed.get(name) ?? name;
  const kept = graph.nodes.filter((node) => {
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    if (!isIdentity(node)) return true;
    const source = current(input);
    if (!outputs.has(output)) {
      renamed.set(output, source);
      return false;
    }
    if (!producers.has(source) || outputs.has(source)) return true;
    for (const [from, to] of renamed) if (to === source) renamed.set(from, output);
    renamed.set(source, output);
    return false;
  });
  const nodes = kept.map((node) => ({
    ...node,
    inputs: node.inputs.map(current),
    outputs: node.outputs.map(current),
  }));
  return { ...graph, nodes };
}

function isIdentity({ op, domain, inputs, outputs }: Node): boolean {
  if (domain !== '' || outputs.length !== 1) return false;
  // Dropout acts only when its third input, the training mode, says so.
  return op === 'Identity' || (op === 'Dropout' && (inputs[2] ?? '') === '');
}
