import type { Graph, Node } from '../graph.js';
import { outputNames } from './consumers.js';
import { attributesKey, tensorKey } from './keys.js';
import { pruneDeadNodes } from './prune-dead-nodes.js';

/** Operators that give something else each time. */
const RANDOM: ReadonlySet<string> = new Set([
  'Bernoulli',
  'Dropout',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

/** Constants up to this many elements are compared by value: shapes, axes, scalars. */
const LARGEST_COMPARED = 64;

/**
 * Computes once what several nodes compute: the same operator of the same values with the same attributes. A second
 * derivative repeats much of the first, and derivatives much of the forward pass. Graph outputs keep their names.
 */
export function shareCommonNodes(graph: Graph): Graph {
  const outputs = outputNames(graph);
  const renamed = shareConstants(graph);
  const current = (name: string): string => renamed.get(name) ?? name;
  const known = new Map<string, Node>();
  const nodes = graph.nodes.flatMap((node) => {
    const moved = { ...node, inputs: node.inputs.map(current) };
    const isOutput = node.outputs.some((name) => outputs.has(name));
    if (RANDOM.has(node.op)) return moved;
    const key = keyOf(moved);
    const twin = known.get(key);
    if (twin === undefined || isOutput) {
      if (twin === undefined) known.set(key, moved);
      return moved;
    }
    node.outputs.forEach((name, index) => renamed.set(name, twin.outputs[index] ?? ''));
    return [];
  });
  return pruneDeadNodes({ ...graph, nodes });
}

/** The first of several small constants of one value stands for all. */
function shareConstants({ initializers }: Graph): Map<string, string> {
  const renamed = new Map<string, string>();
  const known = new Map<string, string>();
  for (const [name, tensor] of initializers) {
    if (tensor.data.length > LARGEST_COMPARED) continue;
    const key = tensorKey(tensor);
    const twin = known.get(key);
    if (twin === undefined) known.set(key, name);
    else renamed.set(name, twin);
  }
  return renamed;
}

function keyOf({ op, domain, inputs, outputs, attributes }: Node): string {
  return JSON.stringify([op, domain, inputs, outputs.map((name) => name !== ''), attributesKey(attributes)]);
}
