import type { Graph, Node } from '../graph.js';
import { isComposite } from '../composites/decompose.js';
import { DerivativeError } from './derivative-error.js';
import { isConstantAlmostEverywhere, ruleFor } from './registry.js';
import type { StraightThrough } from './straight-through.js';
import { passesIntegers } from './straight-through.js';

/** The part of a graph that derivatives flow through. */
export interface DerivativePath {
  /** In topological order. */
  readonly nodes: readonly Node[];
  /** Values whose adjoints are needed. */
  readonly active: ReadonlySet<string>;
}

/** What a derivative goes from and to. */
export interface Ends {
  readonly of: string;
  readonly wrt: Iterable<string>;
  /** Steps that it passes as if they were not there. Default: none. */
  readonly through?: StraightThrough | undefined;
}

/** The nodes between any of `wrt` and `of`, and the values that need adjoints. */
export function findPath(graph: Graph, { of: target, wrt, through }: Ends): DerivativePath {
  const reached = new Set(wrt);
  const forward = graph.nodes.filter((node) => {
    const isPassed = through?.steps.has(node.outputs[0] ?? '') === true;
    if (isConstantAlmostEverywhere(node) && !isPassed) return false;
    const from = node.inputs.filter((name) => reached.has(name));
    if (from.length === 0) return false;
    if (from.every((name) => through?.integers.has(name)) && !passesIntegers(node)) return false;
    for (const name of node.outputs) if (name !== '') reached.add(name);
    return true;
  });
  const needed = new Set([target]);
  const nodes = forward.toReversed().filter((node) => {
    if (!node.outputs.some((name) => needed.has(name))) return false;
    for (const name of node.inputs) if (reached.has(name)) needed.add(name);
    return true;
  });
  return { nodes: nodes.reverse(), active: new Set([...needed].filter((name) => reached.has(name))) };
}

/**
 * @param composite whether nodes may also be such as can be decomposed.
 * @throws {DerivativeError} one sentence on the first node without a rule, with the other operators that lack one.
 */
export function assertRules(nodes: readonly Node[], { composite = true } = {}): void {
  const missing = nodes.filter((node) => ruleFor(node) === undefined && !(composite && isComposite(node)));
  const [first] = missing;
  if (first === undefined) return;
  const others = [...new Set(missing.map(describeOperator))].filter((op) => op !== describeOperator(first));
  const rest = others.length === 0 ? '' : `; neither can ${others.sort().join(', ')}, which it also uses`;
  throw new DerivativeError(
    `operator ${describeOperator(first)} of node "${first.name}" cannot be differentiated${rest}`,
  );
}

function describeOperator(node: Node): string {
  return node.domain === '' ? node.op : `${node.domain}.${node.op}`;
}
