import type { Graph, Node } from '@unpair/graph';
import { string } from '@unpair/graph';

/** The attribute of a Conv that names the activation its kernel applies; it never leaves this runtime. */
export const ACTIVATION = 'unpair_activation';

/** Lets convolutions apply the Relu that alone reads their result: TensorFlow has one kernel for both. */
export function fuseActivations(graph: Graph): Graph {
  const readers = new Map<string, number>();
  const count = (name: string): void => void readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const { inputs } of graph.nodes) inputs.forEach(count);
  for (const { name } of graph.outputs) count(name);
  const fusable = new Map(
    graph.nodes.flatMap((node): [string, Node][] =>
      node.op === 'Conv' && readers.get(node.outputs[0] ?? '') === 1 ? [[node.outputs[0] ?? '', node]] : [],
    ),
  );
  const fused = new Map<Node, Node>();
  for (const node of graph.nodes) {
    const conv = fusable.get(node.inputs[0] ?? '');
    if (node.op !== 'Relu' || conv === undefined) continue;
    fused.set(conv, {
      ...conv,
      outputs: node.outputs,
      attributes: { ...conv.attributes, [ACTIVATION]: string('relu') },
    });
    fusable.delete(node.inputs[0] ?? '');
  }
  const absorbed = new Set([...fused.values()].flatMap(({ outputs }) => outputs));
  const nodes = graph.nodes
    .filter((node) => !(node.op === 'Relu' && absorbed.has(node.outputs[0] ?? '')))
    .map((node) => fused.get(node) ?? node);
  return { ...graph, nodes };
}
