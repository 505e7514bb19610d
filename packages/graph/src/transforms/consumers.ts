import type { Graph, Node } from '../graph.js';

/** Who reads each value. That a value is an output of the graph does not show here. */
export function consumersOf(graph: Graph): ReadonlyMap<string, readonly Node[]> {
  const consumers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const name of new Set(node.inputs)) {
      const list = consumers.get(name);
      if (list === undefined) consumers.set(name, [node]);
      else list.push(node);
    }
  }
  return consumers;
}

/** The node that computes each value. */
export function producersOf(graph: Graph): ReadonlyMap<string, Node> {
  return new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
}

/** Names of the graph's outputs. */
export function outputNames(graph: Graph): ReadonlySet<string> {
  return new Set(graph.outputs.map(({ name }) => name));
}
