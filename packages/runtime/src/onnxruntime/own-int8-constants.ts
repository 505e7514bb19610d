import type { Graph, Node, Tensor } from '@unpair/graph';
import { GraphBuilder } from '@unpair/graph';

/** Copies may take this many times the elements of the graph's own constants. */
const TIMES = 4;

/**
 * Gives every reader of an int8 constant, a weight or its zero point, a copy of its own. To have exact kernels
 * (`session.x64quantprecision`) onnxruntime writes int8 constants as uint8 ones, whose names it makes of theirs; for the
 * second reader of a constant it writes the same name again, and refuses the graph. Constants may also be computed:
 * exporters write fake quantization as a QuantizeLinear of float weights. A graph in which nothing is shared stays as it is.
 */
export function ownInt8Constants(graph: Graph): Graph {
  if (![...graph.initializers.values()].some(isInt8)) return graph;
  const readers = new ConstantReaders(graph);
  for (const { name } of graph.outputs) readers.own(name);
  for (const node of graph.nodes) readers.append(node);
  return readers.areCopied ? readers.build() : graph;
}

const isInt8 = ({ dataType }: Tensor): boolean => dataType === 'int8';

/** A graph that is written again, reader by reader; it lives as long as one call. */
class ConstantReaders {
  /** Whether any constant had several readers. */
  areCopied = false;
  readonly #graph: Graph;
  readonly #builder: GraphBuilder;
  /** Nodes that compute constants, by what they compute. */
  readonly #producers = new Map<string, Node>();
  /** Values that are int8 constants, or computed from some. */
  readonly #fragile = new Set<string>();
  readonly #read = new Set<string | Node>();
  /** Elements that may still be copied. */
  #left: number;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#builder = GraphBuilder.rewriting(graph);
    this.#left = TIMES * graph.nodes.length;
    for (const [name, tensor] of graph.initializers) {
      this.#left += TIMES * tensor.data.length;
      if (isInt8(tensor)) this.#fragile.add(name);
    }
    for (const node of graph.nodes) if (this.#isConstant(node)) this.#note(node);
  }

  #isConstant({ inputs }: Node): boolean {
    return inputs.every(
      (name) => name === '' || this.#producers.has(name) || this.#graph.initializers.has(name),
    );
  }

  #note(node: Node): void {
    const [output = ''] = node.outputs;
    const isFragile = node.inputs.some((name) => this.#fragile.has(name));
    for (const name of node.outputs) this.#producers.set(name, node);
    if (isFragile && node.domain === '' && node.outputs.length === 1) this.#fragile.add(output);
  }

  /** Writes a node that reads constants of its own. One that computes constants is written for whoever reads them. */
  append(node: Node): void {
    if (this.#producers.get(node.outputs[0] ?? '') !== node) this.#write(node);
  }

  /** The constant `name` for one more reader: as it is for the first, a copy for others. */
  own(name: string): string {
    const tensor = this.#graph.initializers.get(name);
    const producer = this.#producers.get(name);
    const isFirst = !this.#read.has(producer ?? name);
    this.#read.add(producer ?? name);
    if (isFirst && producer !== undefined) this.#write(producer);
    if (isFirst || !this.#mayCopy(name, tensor?.data.length ?? 1)) return name;
    this.areCopied = true;
    if (tensor !== undefined) return this.#builder.initializer(name, tensor);
    return producer === undefined ? name : this.#copy(name, producer);
  }

  #mayCopy(name: string, size: number): boolean {
    if (!this.#fragile.has(name) || this.#left < size) return false;
    this.#left -= size;
    return true;
  }

  #write(node: Node): void {
    this.#builder.append({ ...node, inputs: this.#ownAll(node) });
  }

  #copy(name: string, node: Node): string {
    return this.#builder.node(node.op, this.#ownAll(node), node.attributes, name);
  }

  #ownAll({ inputs }: Node): readonly string[] {
    return inputs.map((name) => this.own(name));
  }

  build(): Graph {
    return this.#builder.build();
  }
}
