import type { Graph } from '../graph.js';

/** Invents value names that a graph does not use yet: the hint itself, or the hint and a number. */
export function freshNames(graph: Graph): (hint: string) => string {
  const taken = new Set<string>(['', ...graph.initializers.keys()]);
  for (const { name } of graph.inputs) taken.add(name);
  for (const node of graph.nodes) for (const name of node.outputs) taken.add(name);
  return (hint) => {
    let name = hint;
    for (let i = 1; taken.has(name); i++) name = `${hint}_${i}`;
    taken.add(name);
    return name;
  };
}
