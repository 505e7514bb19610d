import { GraphBuilder } from '../builder.js';
import { decompose } from '../composites/decompose.js';
import type { Graph, Node, ValueType } from '../graph.js';
import { ModelError } from '../graph.js';
import { inferValues } from '../shapes/infer.js';
import { constantsOf, producersOf } from '../transforms/consumers.js';
import { pruneDeadNodes } from '../transforms/prune-dead-nodes.js';
import { Adjoints } from './adjoints.js';
import type { RuleChanges } from './backward/backward.js';
import { Emitter } from './emitter.js';
import type { DerivativePath } from './path.js';
import { assertRules, findPath } from './path.js';
import { ruleFor } from './registry.js';
import type { GradientRule } from './rule.js';
import { Pullback } from './rule.js';
import type { StraightThrough } from './straight-through.js';

export interface GradientOptions {
  /** The float value to differentiate: a scalar, or per-sample losses [N]. */
  readonly of: string;
  /** Inputs, weights (initializers) or intermediate values to differentiate with respect to. */
  readonly wrt: readonly string[];
  /**
   * A value of `of`'s shape that weights its elements (a vector-Jacobian product). Default: ones, so the
   * gradient of the sum; of per-sample losses that is every sample's own input gradient.
   */
  readonly seed?: string;
  /** Steps of a model that are passed as if they were not there. Default: none. */
  readonly through?: StraightThrough | undefined;
  /** Nodes that are differentiated by other rules than their operators'. Default: none. */
  readonly changes?: RuleChanges | undefined;
  /** Whether the graph's own outputs stay outputs. Default true. */
  readonly keepOutputs?: boolean;
}

/** The name of the output that holds the derivative of `of` with respect to `wrt`. */
export function gradientName(of: string, wrt: string): string {
  return `d_${of}/d_${wrt}`;
}

/**
 * Differentiates a graph into a graph, in reverse mode: the result has one more output for each of `wrt`, named by
 * `gradientName` and shaped like the value. Only adjoints between `wrt` and `of` are built. The result is an ordinary
 * graph, so it can be differentiated again.
 *
 * Zero is the derivative wherever there are several or none: ReLU and Abs at 0, Clip at its bounds, rounding other than
 * `through` says.
 *
 * @throws {ModelError} when a value does not exist or is not a float, or an operator between them has no rule.
 */
export function gradient(
  original: Graph,
  { of, wrt, seed, through, changes, keepOutputs = true }: GradientOptions,
): Graph {
  const { nodes } = findPath(original, { of, wrt, through });
  assertRules(nodes);
  const composites = new Set(nodes);
  const graph = decompose(original, (node) => composites.has(node));
  const path = findPath(graph, { of, wrt, through });
  assertRules(path.nodes, { composite: false });
  const inferred = inferValues(graph);
  const ofType = floatType(graph, inferred.types, of);
  const wrtTypes = wrt.map((name) => floatType(graph, inferred.types, name));

  const builder = GraphBuilder.from(graph);
  const primal = { ...inferred, constants: constantsOf(graph), producers: producersOf(graph) };
  const emit = new Emitter(builder, primal, ofType.dataType);
  const adjoints = new Adjoints(emit);
  adjoints.contribute(of, seed ?? { value: emit.scalar(1), shape: [] });
  for (const node of path.nodes.toReversed()) {
    const rule = changes?.get(node.outputs[0] ?? '') ?? ruleFor(node);
    if (rule !== undefined) pullBack(node, rule, { path, adjoints, emit });
  }

  if (!keepOutputs) builder.clearOutputs();
  wrt.forEach((name, index) => {
    const type = wrtTypes[index] ?? ofType;
    const adjoint = adjoints.get(name) ?? zerosLike(emit.withDataType(type.dataType), name);
    builder.output(builder.rename(adjoint, gradientName(of, name)), type.dataType, type.shape);
  });
  return pruneDeadNodes(builder.build());
}

/** Where a derivative is being built. */
interface Derivation {
  readonly path: DerivativePath;
  readonly adjoints: Adjoints;
  readonly emit: Emitter;
}

function pullBack(node: Node, rule: GradientRule, { path, adjoints, emit }: Derivation): void {
  const outputs = node.outputs.map((name) => (path.active.has(name) ? adjoints.get(name) : undefined));
  const known = outputs.findIndex((adjoint) => adjoint !== undefined);
  if (known < 0) return;
  const { dataType } = emit.typeOf(node.outputs[known] ?? '');
  const typed = dataType.startsWith('float') ? emit.withDataType(dataType) : emit;
  const pullback = new Pullback(node, typed, outputs, path.active);
  rule(pullback).forEach((adjoint, index) => {
    if (adjoint !== undefined && pullback.wants(index)) adjoints.contribute(pullback.input(index), adjoint);
  });
}

function floatType(graph: Graph, types: ReadonlyMap<string, ValueType>, value: string): ValueType {
  const type = types.get(value);
  if (type === undefined) {
    throw new ModelError(`graph "${graph.name}" has no value "${value}" with a known shape to differentiate`);
  }
  if (type.dataType !== 'float32' && type.dataType !== 'float64') {
    throw new ModelError(
      `value "${value}" of graph "${graph.name}" is ${type.dataType}; only float32 and float64 can be differentiated`,
    );
  }
  return type;
}

function zerosLike(emit: Emitter, value: string): string {
  return emit.expandLike(emit.scalar(0), [], value);
}
