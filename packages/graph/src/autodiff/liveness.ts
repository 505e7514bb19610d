import type { Graph } from '../graph.js';

/** The same graph without the nodes and constants that no output depends on. Inputs stay: they are its signature. */
export function dropDeadNodes(graph: Graph): Graph {
  const live = new Set(graph.outputs.map((info) => info.name));
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => live.has(name))) return false;
    for (const name of node.inputs) live.add(name);
    return true;
  });
  const initializers = new Map([...graph.initializers].filter(([name]) => live.has(name)));
  return { ...graph, nodes: nodes.reverse(), initializers };
}
