import { Emitter } from '../autodiff/emitter.js';
import { NodeView } from '../autodiff/node-view.js';
import { GraphBuilder } from '../builder.js';
import type { Graph, Node } from '../graph.js';
import { inferValues } from '../shapes/infer.js';
import { constantsOf, producersOf } from '../transforms/consumers.js';
import { pruneDeadNodes } from '../transforms/prune-dead-nodes.js';
import { activationDecompositions } from './activations.js';
import type { Decomposition, Decompositions } from './composite.js';
import { einsumDecompositions } from './einsum.js';
import { layoutDecompositions } from './layout.js';
import { normalizationDecompositions } from './normalizations.js';
import { poolDecompositions } from './pools.js';
import { resizeDecompositions } from './resize.js';

const DECOMPOSITIONS: Decompositions = {
  ...activationDecompositions,
  ...einsumDecompositions,
  ...layoutDecompositions,
  ...normalizationDecompositions,
  ...poolDecompositions,
  ...resizeDecompositions,
};

/** Operators that {@link decompose} can write in simpler ones, sorted. */
export function compositeOperators(): readonly string[] {
  return Object.keys(DECOMPOSITIONS).sort();
}

/** Whether a node's operator is composite. */
export function isComposite(node: Node): boolean {
  return decompositionOf(node) !== undefined;
}

/**
 * Writes composite operators (normalizations, Gelu, Einsum, Resize, ...) in the elementary ones that they stand for. All
 * values keep their names. Derivatives are built this way, and runtimes without a kernel can use it.
 * @param wants which of the composite nodes to rewrite. Default: all.
 * @throws {ModelError} naming a node whose sizes or parameters are not known or not supported.
 */
export function decompose(graph: Graph, wants: (node: Node) => boolean = () => true): Graph {
  if (!graph.nodes.some((node) => isComposite(node) && wants(node))) return graph;
  const builder = GraphBuilder.rewriting(graph);
  const inferred = inferValues(graph);
  const primal = { ...inferred, constants: constantsOf(graph), producers: producersOf(graph) };
  const emit = new Emitter(builder, primal);
  for (const node of graph.nodes) {
    const results = wants(node) ? decomposed(node, emit) : undefined;
    if (results === undefined) builder.append(node);
    else
      node.outputs.forEach((name, i) => {
        if (name !== '') builder.nameResult(results[i] ?? '', name);
      });
  }
  return pruneDeadNodes(builder.build());
}

function decomposed(node: Node, emit: Emitter): readonly string[] | undefined {
  const decomposition = decompositionOf(node);
  if (decomposition === undefined) return undefined;
  const { dataType } = emit.typeOf(node.inputs[0] ?? '');
  if (dataType !== 'float32' && dataType !== 'float64') return undefined;
  return decomposition(new NodeView(node, emit.withDataType(dataType)));
}

function decompositionOf({ op, domain }: Node): Decomposition | undefined {
  return domain === '' && Object.hasOwn(DECOMPOSITIONS, op) ? DECOMPOSITIONS[op] : undefined;
}
