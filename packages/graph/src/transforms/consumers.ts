import type { Graph, Node } from '../graph.js';
import type { Tensor } from '../tensor.js';

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

/** Initializers and what `Constant` nodes hold, by value name. */
export function constantsOf(graph: Graph): ReadonlyMap<string, Tensor> {
  const constants = new Map(graph.initializers);
  for (const node of graph.nodes) {
    const value = node.op === 'Constant' ? node.attributes['value'] : undefined;
    if (value?.kind === 'tensor') constants.set(node.outputs[0] ?? '', value.value);
  }
  return constants;
}
