import type { Attributes, Dim, Graph, Node, ValueInfo } from './graph.js';
import type { DataType, Tensor } from './tensor.js';
import { float32, int64 } from './tensor.js';

/** The operator set that built graphs use: the newest that every runtime here runs. */
export const BUILD_OPSET = 17;

/**
 * Grows a graph node by node, inventing value names. The only mutable thing in this package:
 * it lives inside a transform, and `build` hands out an immutable graph.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #opset: number;
  readonly #inputs: ValueInfo[];
  readonly #outputs: ValueInfo[];
  readonly #initializers: Map<string, Tensor>;
  readonly #nodes: Node[];
  readonly #taken: Set<string>;
  readonly #invented = new Set<string>();
  #counter = 0;

  constructor(name: string, opset = BUILD_OPSET) {
    this.#name = name;
    this.#opset = opset;
    this.#inputs = [];
    this.#outputs = [];
    this.#initializers = new Map();
    this.#nodes = [];
    this.#taken = new Set(['']);
  }

  /** Continues an existing graph: same nodes and names, more may follow. */
  static from(graph: Graph, name = graph.name): GraphBuilder {
    const builder = new GraphBuilder(name, graph.opset);
    for (const info of graph.inputs) builder.#take(info.name);
    for (const [value] of graph.initializers) builder.#take(value);
    for (const node of graph.nodes) for (const value of node.outputs) if (value !== '') builder.#take(value);
    // New nodes are named after their outputs, and a file may not hold two nodes of one name.
    for (const node of graph.nodes) builder.#taken.add(node.name);
    builder.#inputs.push(...graph.inputs);
    builder.#outputs.push(...graph.outputs);
    graph.initializers.forEach((tensor, value) => builder.#initializers.set(value, tensor));
    builder.#nodes.push(...graph.nodes);
    return builder;
  }

  /** Starts over with a graph's interface, constants and names: its nodes are to be appended or replaced in order. */
  static rewriting(graph: Graph): GraphBuilder {
    const builder = GraphBuilder.from(graph);
    builder.#nodes.length = 0;
    return builder;
  }

  get opset(): number {
    return this.#opset;
  }

  /** Declares a value that is fed at run time; returns its name. */
  input(name: string, dataType: DataType, shape: readonly Dim[]): string {
    this.#take(name);
    this.#inputs.push({ name, dataType, shape });
    return name;
  }

  /** Adds a constant under a fresh name that starts with `hint`; returns the name. */
  initializer(hint: string, tensor: Tensor): string {
    const name = this.#fresh(hint);
    this.#initializers.set(name, tensor);
    return name;
  }

  /** A float32 scalar constant. */
  scalar(value: number): string {
    return this.initializer('scalar', float32([], [value]));
  }

  /** A one-dimensional int64 constant, as axes, shapes and pads are written. */
  vector(values: readonly number[]): string {
    return this.initializer('vector', int64([values.length], values));
  }

  /** Adds a node with one output; returns the output's name. */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}, hint = op.toLowerCase()): string {
    const [output] = this.nodeWithOutputs(op, inputs, 1, attributes, hint);
    return output ?? '';
  }

  /** Adds a node with `count` outputs; returns their names. */
  nodeWithOutputs(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Attributes = {},
    hint = op.toLowerCase(),
  ): readonly string[] {
    const outputs = Array.from({ length: count }, () => this.#fresh(hint));
    this.#nodes.push({ op, domain: '', name: outputs[0] ?? hint, inputs: [...inputs], outputs, attributes });
    return outputs;
  }

  /** Declares `value` a graph output. An output keeps its value's name; use `rename` for a public one. */
  output(value: string, dataType: DataType, shape: readonly Dim[]): void {
    this.#outputs.push({ name: value, dataType, shape });
  }

  /** Copies `value` to a new one called exactly `name`, so that it can be a public output. */
  rename(value: string, name: string): string {
    this.#take(name);
    this.#nodes.push({ op: 'Identity', domain: '', name, inputs: [value], outputs: [name], attributes: {} });
    return name;
  }

  /** Adds a node as it is, under the names that it has. */
  append(node: Node): void {
    this.#nodes.push(node);
  }

  /** Gives a value that this builder invented the `name` of the one it stands for in a graph being rewritten. */
  nameResult(value: string, name: string): void {
    const at = this.#nodes.findLastIndex((node) => node.outputs.includes(value));
    const isInvented = this.#invented.has(value);
    if (at < 0 || !isInvented) {
      this.#nodes.push({
        op: 'Identity',
        domain: '',
        name,
        inputs: [value],
        outputs: [name],
        attributes: {},
      });
      return;
    }
    const renamed = (given: string): string => (given === value ? name : given);
    for (let i = at; i < this.#nodes.length; i++) {
      const node = this.#nodes[i];
      if (node === undefined) continue;
      this.#nodes[i] = { ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) };
    }
    this.#invented.delete(value);
  }

  /** Forgets the outputs declared so far: a transform of a model declares its own. */
  clearOutputs(): void {
    this.#outputs.length = 0;
  }

  build(): Graph {
    return {
      name: this.#name,
      opset: this.#opset,
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      initializers: new Map(this.#initializers),
      nodes: [...this.#nodes],
    };
  }

  #take(name: string): void {
    if (this.#taken.has(name))
      throw new RangeError(`value "${name}" is already defined in graph "${this.#name}"`);
    this.#taken.add(name);
  }

  #fresh(hint: string): string {
    let name: string;
    do name = `${hint}_${this.#counter++}`;
    while (this.#taken.has(name));
    this.#taken.add(name);
    this.#invented.add(name);
    return name;
  }
}
