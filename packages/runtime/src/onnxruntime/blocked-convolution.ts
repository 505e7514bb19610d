import type { Attributes, Graph, Node, Tensor, ValueType } from '@unpair/graph';
import { inferShapes, int, int64, ints } from '@unpair/graph';

/** onnxruntime's private operators over blocked channels: [N, C/b, H, W, b] in place of [N, C, H, W]. */
const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/**
 * Rewrites convolutions whose weights are computed or fed (every convolution of a training step) to onnxruntime's
 * blocked kernels. Its own optimizer does that for constant weights alone, because it reorders them ahead of time;
 * reordering a few thousand weights in the graph costs far less than the 1.5 to 2 times that the blocked kernels gain.
 *
 * @param block channels in a block, as {@link probeBlockSize} found it
 */
export function lowerConvolutions(graph: Graph, block: number): Graph {
  const dynamic = dynamicValues(graph);
  const candidate = (node: Node): boolean =>
    node.op === 'Conv' && node.domain === '' && dynamic.has(node.inputs[1] ?? '');
  if (!graph.nodes.some(candidate)) return graph;
  const lowering = new Lowering(block, graph);
  const nodes = graph.nodes.flatMap((node) => (candidate(node) ? (lowering.lower(node) ?? [node]) : [node]));
  return { ...graph, nodes, initializers: lowering.initializers };
}

/** Values that are not computed from constants alone: those onnxruntime folds by itself. */
function dynamicValues(graph: Graph): ReadonlySet<string> {
  const dynamic = new Set(graph.inputs.map(({ name }) => name));
  for (const node of graph.nodes) {
    if (node.inputs.some((name) => dynamic.has(name))) node.outputs.forEach((name) => dynamic.add(name));
  }
  return dynamic;
}

/** A value in blocked order, and the nodes that make it so. */
interface Blocked {
  readonly name: string;
  readonly nodes: readonly Node[];
}

class Lowering {
  readonly initializers: Map<string, Tensor>;
  readonly #block: number;
  readonly #taken: Set<string>;
  readonly #types: ReadonlyMap<string, ValueType>;
  /** What each Reshape reshapes. */
  readonly #reshaped: ReadonlyMap<string, string>;
  /** Values already in blocked order, by what they are and their plain name: two readers share one reordering. */
  readonly #blocked = new Map<string, Blocked>();

  constructor(block: number, graph: Graph) {
    this.#block = block;
    this.#types = inferShapes(graph);
    this.#reshaped = new Map(
      graph.nodes
        .filter(({ op, domain }) => op === 'Reshape' && domain === '')
        .map(({ inputs, outputs }) => [outputs[0] ?? '', inputs[0] ?? '']),
    );
    this.initializers = new Map(graph.initializers);
    this.#taken = new Set([
      ...graph.inputs.map(({ name }) => name),
      ...graph.initializers.keys(),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
  }

  /** The nodes that take a convolution's place; undefined where its shape does not fit the blocked kernels. */
  lower(node: Node): readonly Node[] | undefined {
    const [input = '', weight = '', bias = ''] = node.inputs;
    const shape = this.#shapeOf(weight);
    const group = node.attributes['group'];
    if (shape?.length !== 4) return undefined;
    const [outputs = 0, channels = 0, height = 0, width = 0] = shape;
    const groups = group?.kind === 'int' ? group.value : 1;
    const isDepthwise = channels === 1 && groups === outputs;
    if (outputs % this.#block !== 0) return undefined;
    if (!isDepthwise && (groups !== 1 || channels % this.#block !== 0)) return undefined;
    const image = this.#reorderImage(input);
    const filter = isDepthwise
      ? this.#reorderDepthwiseFilter(weight, shape)
      : this.#reorderFilter(weight, [outputs, channels, height, width]);
    const result = this.#fresh(`${node.outputs[0] ?? ''}/blocked`);
    const attributes = { ...node.attributes, kernel_shape: ints([height, width]) };
    const inputs = [image.name, filter.name, ...(bias === '' ? [] : [bias])];
    return [
      ...image.nodes,
      ...filter.nodes,
      blockedNode('Conv', inputs, result, attributes),
      blockedNode('ReorderOutput', [result], node.outputs[0] ?? '', { channels: int(outputs) }),
    ];
  }

  #reorderImage(value: string): Blocked {
    return this.#once(`image ${value}`, () => this.#stackedImage(value) ?? this.#reorder(value));
  }

  #reorder(value: string): Blocked {
    const name = this.#fresh(`${value}/blocked`);
    return { name, nodes: [blockedNode('ReorderInput', [value], name, { channels_last: int(0) })] };
  }

  /**
   * Where a value is an [N,C,H,W] image with its samples' channels side by side, [1,N·C,H,W] or [N·C,1,H,W], the
   * blocked image is that already: a weight adjoint then shares the reordering of the convolution that it belongs to.
   */
  #stackedImage(value: string): Blocked | undefined {
    const source = this.#reshaped.get(value) ?? '';
    const [from, to] = [this.#shapeOf(source), this.#shapeOf(value)];
    if (from?.length !== 4 || to?.length !== 4) return undefined;
    const [batch = 0, channels = 0, ...sizes] = from;
    const stacked = to[0] === 1 ? to[1] : to[0];
    const isStacked = to.includes(1) && stacked === batch * channels && channels % this.#block === 0;
    if (!isStacked || sizes.some((size, axis) => size !== to[axis + 2])) return undefined;
    const image = this.#reorderImage(source);
    const name = this.#fresh(`${value}/blocked`);
    return { name, nodes: [...image.nodes, plainNode('Reshape', [image.name, this.#vector(to)], name)] };
  }

  /** [O,1,h,w] to [O/b, 1, h, w, b of O]: the blocked order of an image with O channels. */
  #reorderDepthwiseFilter(value: string, shape: readonly number[]): Blocked {
    return this.#once(`filter ${value}`, () => {
      const stacked = this.#stackedImage(value);
      if (stacked !== undefined) return stacked;
      const [outputs = 1, , ...sizes] = shape;
      const [image, name] = [this.#fresh(`${value}/image`), this.#fresh(`${value}/blocked`)];
      const reordered = this.#reorder(image);
      const nodes = [
        plainNode('Reshape', [value, this.#vector([1, outputs, ...sizes])], image),
        ...reordered.nodes,
        plainNode('Reshape', [reordered.name, this.#vector(shape)], name),
      ];
      return { name, nodes };
    });
  }

  /** [O,I,h,w] to [O/b, I/b, h, w, b of I, b of O], which the kernel wants declared as [O,I,h,w]. */
  #reorderFilter(value: string, shape: readonly [number, number, number, number]): Blocked {
    return this.#once(`filter ${value}`, () => {
      const [outputs, channels, height, width] = shape;
      const split = [outputs / this.#block, this.#block, channels / this.#block, this.#block, height, width];
      const names = ['split', 'permuted', 'blocked'].map((step) => this.#fresh(`${value}/${step}`));
      const [splitName = '', permuted = '', name = ''] = names;
      const nodes = [
        plainNode('Reshape', [value, this.#vector(split)], splitName),
        plainNode('Transpose', [splitName], permuted, { perm: ints([0, 2, 4, 5, 3, 1]) }),
        plainNode('Reshape', [permuted, this.#vector(shape)], name),
      ];
      return { name, nodes };
    });
  }

  #once(key: string, make: () => Blocked): Blocked {
    const known = this.#blocked.get(key);
    if (known !== undefined) return { name: known.name, nodes: [] };
    const made = make();
    this.#blocked.set(key, made);
    return made;
  }

  #shapeOf(value: string): readonly number[] | undefined {
    const shape = this.#types.get(value)?.shape;
    const sizes = shape?.filter((dim) => typeof dim === 'number');
    return sizes?.length === shape?.length ? sizes : undefined;
  }

  #vector(values: readonly number[]): string {
    const name = this.#fresh('blocked/shape');
    this.initializers.set(name, int64([values.length], values));
    return name;
  }

  #fresh(hint: string): string {
    let name = hint;
    for (let copy = 1; this.#taken.has(name); copy++) name = `${hint}${copy}`;
    this.#taken.add(name);
    return name;
  }
}

function plainNode(op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): Node {
  return { op, domain: '', name: output, inputs, outputs: [output], attributes };
}

function blockedNode(op: string, inputs: readonly string[], output: string, attributes: Attributes): Node {
  return { ...plainNode(op, inputs, output, attributes), domain: BLOCKED_DOMAIN };
}
