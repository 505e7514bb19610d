import type { Graph } from '../graph.js';

/** Invents value names that a graph does not use yet: the hint itself, or the hint and a number. */
export function freshNames(graph: Graph): (hint: string) => string {
  const taken = new Set<string>(['', ...graph.initializers.keys()]);
  for (const { name } of graph.inputs) taken.add(name);
  for (const node of graph.nodes) for (const name of node.outputs) taken.add(name);
  const numbers = new Map<string, number>();
  return (hint) => {
    let name = hint;
    let number = numbers.get(hint) ?? 0;
    while (taken.has(name)) name = `${hint}_${++number}`;
    numbers.set(hint, number);
    taken.add(name);
    return name;
  };
}
