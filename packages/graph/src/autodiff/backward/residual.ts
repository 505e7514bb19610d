import type { Graph, Node } from '../../graph.js';

/** Operators with weights: what tells a branch that computes from one that passes on. */
const COMPUTING: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul', 'ConvTranspose']);

/**
 * Sums of a branch that computes and a shortcut past it: the name of each, and which of its two operands is the branch. Of
 * two operands that come from the same value, the branch is that with more weighted operators on its longest way; a
 * shortcut may have one of its own.
 */
export function residualBranches({ nodes, inputs }: Graph): ReadonlyMap<string, 0 | 1> {
  const depths = new Map<string, number>(inputs.map(({ name }) => [name, 0]));
  const branches = new Map<string, 0 | 1>();
  for (const node of nodes) {
    const known = node.inputs.flatMap((name) => depths.get(name) ?? []);
    // Constants have no depth: what is made of them alone is none of the ways from the input.
    if (known.length === 0) continue;
    const depth = Math.max(...known) + (COMPUTING.has(node.op) ? 1 : 0);
    for (const name of node.outputs) depths.set(name, depth);
    const [first, second] = node.inputs.map((name) => depths.get(name));
    if (!isSum(node) || first === undefined || second === undefined || first === second) continue;
    branches.set(node.outputs[0] ?? '', first > second ? 0 : 1);
  }
  return branches;
}

function isSum({ op, domain, inputs }: Node): boolean {
  return domain === '' && (op === 'Add' || op === 'Sum') && inputs.length === 2;
}
