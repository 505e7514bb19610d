import type { Attributes, Dim, Graph, Node, Tensor, ValueType } from '@unpair/graph';
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
  const types = inferShapes(graph);
  const lowering = new Lowering(block, graph);
  const nodes = graph.nodes.flatMap((node) =>
    candidate(node) ? (lowering.lower(node, types) ?? [node]) : [node],
  );
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

class Lowering {
  readonly initializers: Map<string, Tensor>;
  readonly #block: number;
  readonly #taken: Set<string>;
  /** Values already in blocked order, by their plain name, so that two readers share one reordering. */
  readonly #blocked = new Map<string, { readonly name: string; readonly nodes: readonly Node[] }>();

  constructor(block: number, graph: Graph) {
    this.#block = block;
    this.initializers = new Map(graph.initializers);
    this.#taken = new Set([
      ...graph.inputs.map(({ name }) => name),
      ...graph.initializers.keys(),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
  }

  /** The nodes that take a convolution's place; undefined where its shape does not fit the blocked kernels. */
  lower(node: Node, types: ReadonlyMap<string, ValueType>): readonly Node[] | undefined {
    const [input = '', weight = '', bias = ''] = node.inputs;
    const shape = staticShape(types.get(weight)?.shape);
    const group = node.attributes['group'];
    if (shape?.length !== 4) return undefined;
    const [outputs = 0, channels = 0, height = 0, width = 0] = shape;
    const groups = group?.kind === 'int' ? group.value : 1;
    const isDepthwise = channels === 1 && groups === outputs;
    if (outputs % this.#block !== 0) return undefined;
    if (!isDepthwise && (groups !== 1 || channels % this.#block !== 0)) return undefined;
    const image = this.#reorderImage(input);
    const filter = this.#reorderFilter(weight, [outputs, channels, height, width]);
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

  #reorderImage(value: string): { readonly name: string; readonly nodes: readonly Node[] } {
    return this.#once(value, () => {
      const name = this.#fresh(`${value}/blocked`);
      return { name, nodes: [blockedNode('ReorderInput', [value], name, { channels_last: int(0) })] };
    });
  }

  /**
   * [O,I,h,w] to [O/b, I/b, h, w, b of I, b of O], or [O,1,h,w] of a depthwise filter to [O/b, 1, h, w, b of O]. The
   * kernel wants both declared as what they were.
   */
  #reorderFilter(
    value: string,
    shape: readonly [number, number, number, number],
  ): {
    readonly name: string;
    readonly nodes: readonly Node[];
  } {
    return this.#once(value, () => {
      const [outputs, channels, height, width] = shape;
      const inner = channels === 1 ? 1 : this.#block;
      const split = [outputs / this.#block, this.#block, channels / inner, inner, height, width];
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

  #once(
    value: string,
    make: () => { readonly name: string; readonly nodes: readonly Node[] },
  ): { readonly name: string; readonly nodes: readonly Node[] } {
    const known = this.#blocked.get(value);
    if (known !== undefined) return { name: known.name, nodes: [] };
    const made = make();
    this.#blocked.set(value, made);
    return made;
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

function staticShape(shape: readonly Dim[] | undefined): readonly number[] | undefined {
  const sizes = shape?.filter((dim) => typeof dim === 'number');
  return sizes?.length === shape?.length ? sizes : undefined;
}

function plainNode(op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): Node {
  return { op, domain: '', name: output, inputs, outputs: [output], attributes };
}

function blockedNode(op: string, inputs: readonly string[], output: string, attributes: Attributes): Node {
  return { ...plainNode(op, inputs, output, attributes), domain: BLOCKED_DOMAIN };
}
