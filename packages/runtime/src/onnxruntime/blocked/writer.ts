import type { Attributes, Graph, Node, Tensor } from '@unpair/graph';
import { int64 } from '@unpair/graph';

/** onnxruntime's private operators over blocked channels: [N, C/b, H, W, b] in place of [N, C, H, W]. */
const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/** Collects the nodes of a graph that is being rewritten, and names that are new to it. */
export class Writer {
  readonly nodes: Node[] = [];
  readonly initializers: Map<string, Tensor>;
  readonly #taken: Set<string>;
  readonly #vectors = new Map<string, string>();

  constructor(graph: Graph) {
    this.initializers = new Map(graph.initializers);
    this.#taken = new Set([
      ...graph.inputs.map(({ name }) => name),
      ...graph.initializers.keys(),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
  }

  /** Adds a node of ONNX. @returns its output, which is a new name unless one is given */
  plain(op: string, inputs: readonly string[], hint: string, attributes: Attributes = {}): string {
    return this.#add({ op, domain: '', inputs, attributes }, this.fresh(hint));
  }

  /** Adds a node of onnxruntime's own over blocked channels. @returns its output */
  blocked(
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    output: { readonly hint: string } | { readonly name: string },
  ): string {
    const name = 'name' in output ? output.name : this.fresh(output.hint);
    return this.#add({ op, domain: BLOCKED_DOMAIN, inputs, attributes }, name);
  }

  /** A constant of int64 numbers, such as a shape; each is written once. */
  vector(values: readonly number[]): string {
    const key = values.join(' ');
    const name = this.#vectors.get(key) ?? this.fresh('blocked/numbers');
    this.#vectors.set(key, name);
    this.initializers.set(name, int64([values.length], values));
    return name;
  }

  /** A constant of one int64 number, without dimensions. */
  number(value: number): string {
    const name = this.fresh('blocked/number');
    this.initializers.set(name, int64([], [value]));
    return name;
  }

  fresh(hint: string): string {
    let name = hint;
    for (let copy = 1; this.#taken.has(name); copy++) name = `${hint}${copy}`;
    this.#taken.add(name);
    return name;
  }

  #add(node: Pick<Node, 'op' | 'domain' | 'inputs' | 'attributes'>, output: string): string {
    this.nodes.push({ ...node, name: output, outputs: [output] });
    return output;
  }
}
