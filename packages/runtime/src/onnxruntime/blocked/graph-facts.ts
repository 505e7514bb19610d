import type { Dim, Graph, Node, Tensor, ValueType } from '@unpair/graph';
import { inferShapes } from '@unpair/graph';

/** What a rewriting of a graph asks about its values. */
export class GraphFacts {
  readonly #types: ReadonlyMap<string, ValueType>;
  readonly #producers: ReadonlyMap<string, Node>;
  readonly #consumers = new Map<string, Node[]>();
  readonly #outputs: ReadonlySet<string>;
  readonly #initializers: ReadonlyMap<string, Tensor>;
  readonly #dynamic: Set<string>;

  constructor(graph: Graph) {
    this.#types = inferShapes(graph);
    this.#producers = new Map(
      graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)),
    );
    this.#outputs = new Set(graph.outputs.map(({ name }) => name));
    this.#initializers = graph.initializers;
    this.#dynamic = new Set(graph.inputs.map(({ name }) => name));
    for (const node of graph.nodes) {
      for (const name of node.inputs) {
        const consumers = this.#consumers.get(name) ?? [];
        consumers.push(node);
        this.#consumers.set(name, consumers);
      }
      if (!node.inputs.some((name) => this.#dynamic.has(name))) continue;
      for (const name of node.outputs) this.#dynamic.add(name);
    }
  }

  /** Whether a value depends on what is fed; onnxruntime folds others by itself. */
  isDynamic(value: string): boolean {
    return this.#dynamic.has(value);
  }

  isOutput(value: string): boolean {
    return this.#outputs.has(value);
  }

  producerOf(value: string): Node | undefined {
    return this.#producers.get(value);
  }

  consumersOf(value: string): readonly Node[] {
    return this.#consumers.get(value) ?? [];
  }

  /** The one node that reads a value, where nothing else does. */
  onlyConsumer(value: string): Node | undefined {
    const consumers = this.consumersOf(value);
    return consumers.length === 1 && !this.isOutput(value) ? consumers[0] : undefined;
  }

  /** The number that a constant holds; `undefined` for computed values, and constants of several. */
  numberIn(value: string): number | undefined {
    const data = this.#initializers.get(value)?.data;
    return data?.length === 1 ? Number(data[0]) : undefined;
  }

  shapeOf(value: string): readonly Dim[] | undefined {
    return this.#types.get(value)?.shape;
  }

  /** A shape that is known before the graph runs. */
  sizesOf(value: string): readonly number[] | undefined {
    const shape = this.shapeOf(value);
    return shape?.every((dim) => typeof dim === 'number') === true ? shape : undefined;
  }

  /** Channels of an image [N,C,H,W] of float32; `undefined` for other values. */
  channelsOf(value: string): number | undefined {
    const type = this.#types.get(value);
    const channels = type?.shape[1];
    const isImage = type?.shape.length === 4 && type.dataType === 'float32';
    return isImage && typeof channels === 'number' ? channels : undefined;
  }

  isScalar(value: string): boolean {
    return this.shapeOf(value)?.every((dim) => dim === 1) === true;
  }

  haveOneShape(a: string, b: string): boolean {
    const [shape, other] = [this.shapeOf(a), this.shapeOf(b)];
    return shape?.length === other?.length && shape?.every((dim, axis) => dim === other?.[axis]) === true;
  }
}
