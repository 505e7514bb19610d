import { intsAttribute } from '../attributes.js';
import type { Graph, Node } from '../graph.js';
import { ints } from '../graph.js';
import type { InferredValues } from '../shapes/infer.js';
import { inferValues } from '../shapes/infer.js';
import { int64 } from '../tensor.js';
import type { Tensor } from '../tensor.js';
import { outputNames } from './consumers.js';
import { dropIdentities } from './drop-identities.js';
import { foldConstants } from './fold-constants.js';
import { freshNames } from './fresh-names.js';
import { pushThrough } from './push-transposes.js';
import type { Permutation } from './transposed-operands.js';

/** A value that is not computed: its transposition is still to be carried out. */
interface Held {
  readonly base: string;
  readonly permutation: Permutation;
}

/**
 * Removes transpositions that undo each other. Each is pushed towards the outputs through the operators that do not mind
 * the order of axes (arithmetic, activations, quantization, reductions, concatenation, padding), until it meets its
 * inverse or an operator that needs the order. So a model whose images are [N,H,W,C], with a Transpose on
 * either side of each convolution, becomes one that computes on [N,C,H,W] throughout.
 */
export function cancelTransposes(graph: Graph): Graph {
  const rewritten = new TransposePusher(graph).run();
  return foldConstants(dropIdentities(rewritten), { keepQuantized: true });
}

/** Rewrites one graph; it lives as long as one call. */
class TransposePusher {
  readonly #graph: Graph;
  readonly #inferred: InferredValues;
  readonly #fresh: (hint: string) => string;
  readonly #initializers: Map<string, Tensor>;
  readonly #nodes: Node[] = [];
  readonly #held = new Map<string, Held>();
  /** Values that depend on what is fed. */
  readonly #computed: Set<string>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#inferred = inferValues(graph);
    this.#fresh = freshNames(graph);
    this.#initializers = new Map(graph.initializers);
    this.#computed = new Set(graph.inputs.map(({ name }) => name));
  }

  run(): Graph {
    for (const node of this.#graph.nodes) this.#rewrite(node);
    for (const name of outputNames(this.#graph)) this.#carryOut(name, true);
    return { ...this.#graph, nodes: this.#nodes, initializers: this.#initializers };
  }

  #rewrite(node: Node): void {
    const isComputed = node.inputs.some((name) => this.#computed.has(name));
    if (isComputed) for (const name of node.outputs) this.#computed.add(name);
    if (isComputed && node.op === 'Transpose' && node.domain === '') this.#hold(node);
    else if (!this.#push(node))
      this.#nodes.push({ ...node, inputs: node.inputs.map((name) => this.#carryOut(name)) });
  }

  #hold(node: Node): void {
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    const rank = this.#inferred.types.get(input)?.shape.length ?? 0;
    const order = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
    const { base, permutation } = this.#held.get(input) ?? { base: input, permutation: undefined };
    this.#held.set(output, {
      base,
      permutation: permutation === undefined ? order : order.map((axis) => permutation[axis] ?? axis),
    });
  }

  /** Lets a node work on what is held. @returns whether it can. */
  #push(node: Node): boolean {
    const held = node.inputs.map((name) => this.#transposed(name));
    const permutation = held.find((input) => input !== undefined)?.permutation;
    const inputs = node.inputs.map((name) => this.#settled(name));
    if (permutation === undefined) return false;
    if (held.some((input) => input !== undefined && input.permutation.join() !== permutation.join()))
      return false;
    const pushed = pushThrough({
      node: { ...node, inputs },
      permutation,
      bases: held.map((input) => input?.base),
      ...this.#inferred,
      isConstant: (value) => !this.#computed.has(value),
      constant: (values) => this.#constant('axes', int64([values.length], values)),
      rearranged: (value, shape, order) => this.#rearranged(value, shape, order),
    });
    if (pushed === undefined) return false;
    const left = pushed.permutation;
    if (left === undefined) {
      this.#nodes.push(pushed.node);
      return true;
    }
    const outputs = node.outputs.map((name) => (name === '' ? '' : this.#fresh(`${name}_held`)));
    this.#nodes.push({ ...pushed.node, name: outputs[0] ?? node.name, outputs });
    node.outputs.forEach((name, i) => this.#held.set(name, { base: outputs[i] ?? '', permutation: left }));
    return true;
  }

  /** What is held of a value in another order than its own. */
  #transposed(name: string): Held | undefined {
    const held = this.#held.get(name);
    return held === undefined || isIdentity(held.permutation) ? undefined : held;
  }

  /** The name under which a value is found that is in its own order. */
  #settled(name: string): string {
    const held = this.#held.get(name);
    return held !== undefined && isIdentity(held.permutation) ? held.base : name;
  }

  /** Computes a value after all. @param keepsName whether it must be found under its own name, as outputs must */
  #carryOut(name: string, keepsName = false): string {
    const held = this.#held.get(name);
    if (held === undefined) return name;
    if (isIdentity(held.permutation)) {
      if (keepsName) this.#add('Identity', [held.base], name);
      return held.base;
    }
    this.#add('Transpose', [held.base], name, { perm: ints(held.permutation) });
    this.#held.delete(name);
    return name;
  }

  #rearranged(value: string, shape: readonly number[], permutation: Permutation): string {
    const full = this.#fresh(`${value}_full`);
    this.#add('Reshape', [value, this.#constant('shape', int64([shape.length], shape))], full);
    const result = this.#fresh(`${value}_ordered`);
    this.#add('Transpose', [full], result, { perm: ints(permutation) });
    return result;
  }

  #constant(hint: string, tensor: Tensor): string {
    const name = this.#fresh(hint);
    this.#initializers.set(name, tensor);
    return name;
  }

  #add(op: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}): void {
    this.#nodes.push({ op, domain: '', name: output, inputs, outputs: [output], attributes });
  }
}

function isIdentity(permutation: Permutation): boolean {
  return permutation.every((axis, i) => axis === i);
}
