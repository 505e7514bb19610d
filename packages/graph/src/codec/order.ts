import type { Node } from '../graph.js';
import { ModelError } from '../graph.js';
import { describeNode } from '../attributes.js';

/**
 * Brings nodes into topological order; nodes that are in order already stay as they are.
 * @param given names of inputs and initializers.
 * @throws {ModelError} for a value that nothing defines, that is defined twice, or that depends on itself.
 */
export function orderNodes(nodes: readonly Node[], given: Iterable<string>): readonly Node[] {
  const producers = producersOf(nodes, given);
  const consumers = new Map<Node, Node[]>();
  const waiting = new Map<Node, number>();
  let isOrdered = true;
  const seen = new Set<Node>();
  for (const node of nodes) {
    const needed = new Set(node.inputs.flatMap((name) => producers.get(name) ?? []));
    for (const producer of needed) {
      isOrdered &&= seen.has(producer);
      const list = consumers.get(producer);
      if (list === undefined) consumers.set(producer, [node]);
      else list.push(node);
    }
    waiting.set(node, needed.size);
    seen.add(node);
  }
  return isOrdered ? nodes : sortNodes(nodes, waiting, consumers);
}

/** Who computes each value; `null` for what is given. */
function producersOf(nodes: readonly Node[], given: Iterable<string>): ReadonlyMap<string, Node | null> {
  const producers = new Map<string, Node | null>([['', null]]);
  for (const name of given) {
    if (producers.has(name)) throw new ModelError(`value "${name}" is defined twice`);
    producers.set(name, null);
  }
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (producers.has(name)) throw new ModelError(`value "${name}" is defined twice`);
      producers.set(name, node);
    }
  }
  for (const node of nodes) {
    const missing = node.inputs.find((name) => !producers.has(name));
    if (missing !== undefined) {
      throw new ModelError(
        `${describeNode(node)} reads value "${missing}", which no input, initializer or node of the file defines`,
      );
    }
  }
  return producers;
}

/** Kahn's algorithm; among nodes that are ready, the file's order decides. */
function sortNodes(
  nodes: readonly Node[],
  waiting: Map<Node, number>,
  consumers: ReadonlyMap<Node, readonly Node[]>,
): readonly Node[] {
  const ordered = nodes.filter((node) => waiting.get(node) === 0);
  // The list grows while it is walked.
  for (const node of ordered) {
    for (const consumer of consumers.get(node) ?? []) {
      const left = (waiting.get(consumer) ?? 0) - 1;
      waiting.set(consumer, left);
      if (left === 0) ordered.push(consumer);
    }
  }
  if (ordered.length < nodes.length) {
    const stuck = nodes.find((node) => (waiting.get(node) ?? 0) > 0);
    throw new ModelError(
      `the nodes form a cycle: ${stuck === undefined ? 'a node' : describeNode(stuck)} depends on its own result`,
    );
  }
  return ordered;
}
