import { intAttribute } from '../../attributes.js';
import type { Dim, Graph, Node } from '../../graph.js';
import { ModelError } from '../../graph.js';
import { productOf } from '../../shapes/dim.js';
import { Inference, inferShapes } from '../../shapes/infer.js';
import { nodeError, resolveAxis } from '../../shapes/rule.js';
import type { Tensor } from '../../tensor.js';
import { int64 } from '../../tensor.js';
import { freshNames } from '../fresh-names.js';
import { mixesRows } from './mixing.js';

/** Stands for the batch while the nodes are gone through: part of no other dimension's name. */
const BATCH = '§batch§';

/**
 * Lets a classifier that was made for batches of one size take batches of any: the targets of Reshape that repeat the
 * size follow the input, and Squeeze keeps the batch. Each row's answer stays what it was.
 * @returns `undefined` where that cannot be told of some node: rows may meet in it, or it has the size in another way.
 */
export function openBatch(graph: Graph): Graph | undefined {
  try {
    return new BatchOpener(graph).run();
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

class BatchOpener {
  readonly #graph: Graph;
  readonly #size: Dim;
  /** Shapes as the graph was made. */
  readonly #made: ReturnType<typeof inferShapes>;
  readonly #inference: Inference;
  readonly #fresh: (hint: string) => string;
  readonly #initializers: Map<string, Tensor>;
  /** The axis along which each value has the rows of the batch. */
  readonly #axes = new Map<string, number>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#made = inferShapes(graph);
    this.#size = graph.inputs[0]?.shape[0] ?? 1;
    this.#inference = new Inference({ ...graph, inputs: graph.inputs.map((info) => withBatch(info, BATCH)) });
    for (const { name } of graph.inputs) this.#axes.set(name, 0);
    this.#fresh = freshNames(graph);
    this.#initializers = new Map(graph.initializers);
  }

  /** @throws {ModelError} at the first node of which nothing can be told */
  run(): Graph {
    const nodes = this.#graph.nodes.map((node) => {
      const mended = this.#mended(node);
      this.#inference.add(mended);
      this.#follow(mended);
      return mended;
    });
    const name = this.#graph.inputs[0]?.shape.includes('N') === true ? 'batch' : 'N';
    const outputs = this.#graph.outputs.map((output) => {
      if (this.#axes.get(output.name) !== 0) throw new ModelError(`output "${output.name}" has no batch`);
      return withBatch({ ...output, ...this.#inference.types.get(output.name) }, name);
    });
    const inputs = this.#graph.inputs.map((info) => withBatch(info, name));
    return { ...this.#graph, inputs, outputs, initializers: this.#initializers, nodes };
  }

  /** The node for any batch. */
  #mended(node: Node): Node {
    const axis = this.#axes.get(node.inputs[0] ?? '');
    if (axis === undefined || node.domain !== '') return node;
    if (node.op === 'Reshape') return this.#reshape(node, axis);
    return node.op === 'Squeeze' ? this.#squeeze(node, axis) : node;
  }

  #reshape(node: Node, axis: number): Node {
    if (this.#keepsRows(node, axis)) return node;
    const given = this.#made.get(node.outputs[0] ?? '')?.shape ?? [];
    const sizes = given.filter((dim) => typeof dim === 'number');
    const before = productOf(this.#shapeOf(node.inputs[0]).slice(0, axis));
    const isBehindAsMany = (i: number): boolean => productOf(sizes.slice(0, i)) === before;
    const marked = sizes.findIndex((size, i) => size === this.#size && isBehindAsMany(i));
    const at =
      marked >= 0 || this.#size !== 1 ? marked : [...sizes, 1].findIndex((_, i) => isBehindAsMany(i));
    if (at < 0 || sizes.length < given.length || intAttribute(node, 'allowzero', 0) === 1) {
      throw nodeError(node, 'has the size of the batch in its shape');
    }
    const target = sizes.toSpliced(at, marked >= 0 ? 1 : 0, at === axis ? 0 : -1);
    return { ...node, inputs: [node.inputs[0] ?? '', this.#vector(node, target)] };
  }

  /** Whether a Reshape leaves each row its own elements, as it is. */
  #keepsRows(node: Node, axis: number): boolean {
    const trial = new Inference({ ...this.#graph, inputs: [], initializers: new Map() });
    for (const name of node.inputs) {
      trial.types.set(name, this.#typeOf(name));
      const contents = this.#inference.contents.get(name);
      if (contents !== undefined) trial.contents.set(name, contents);
    }
    trial.add(node);
    const shape = trial.types.get(node.outputs[0] ?? '')?.shape ?? [];
    const at = batchAxis(shape);
    const before = this.#shapeOf(node.inputs[0]).slice(0, axis);
    return at !== undefined && productOf(shape.slice(0, at)) === productOf(before);
  }

  /** Squeeze without axes would remove a batch of one. */
  #squeeze(node: Node, axis: number): Node {
    const [value = '', list] = node.inputs;
    const shape = this.#shapeOf(value);
    const rank = this.#made.get(value)?.shape.length;
    const given = list === undefined ? undefined : this.#inference.contents.get(list);
    if (list !== undefined && (given === undefined || rank !== shape.length)) {
      throw nodeError(node, 'removes axes that are not known');
    }
    const axes =
      given?.map((one) => resolveAxis(node, Number(one), shape.length)).filter((one) => one !== axis) ??
      shape.flatMap((dim, i) => (dim === 1 ? [i] : []));
    return axes.length === 0
      ? { ...node, op: 'Identity', inputs: [value] }
      : { ...node, inputs: [value, this.#vector(node, axes)] };
  }

  #vector(node: Node, values: readonly number[]): string {
    const [name, tensor] = [this.#fresh(`${node.name}_open`), int64([values.length], values)];
    this.#initializers.set(name, tensor);
    this.#inference.addConstant(name, tensor);
    return name;
  }

  /** Notes where the rows are in a node's results. */
  #follow(node: Node): void {
    const batched = node.inputs.filter((name) => this.#axes.has(name));
    const [first] = batched;
    // These tell sizes, which are the same for every row.
    if (first === undefined || node.op === 'Shape' || node.op === 'Size') return;
    const axis = this.#axes.get(first) ?? 0;
    const contents = node.inputs.map((name) => this.#inference.contents.get(name));
    const rank = this.#shapeOf(first).length;
    if (mixesRows({ node, axis, rank, count: batched.length, contents })) {
      throw nodeError(node, 'lets the rows of a batch meet');
    }
    for (const name of node.outputs.filter((output) => output !== '')) {
      const at = batchAxis(this.#shapeOf(name));
      if (at === undefined) throw nodeError(node, 'has a result without the batch');
      this.#axes.set(name, at);
    }
  }

  #typeOf(value = ''): NonNullable<ReturnType<Inference['types']['get']>> {
    const type = this.#inference.types.get(value);
    if (type === undefined) throw new ModelError(`value "${value}" is not defined`);
    return type;
  }

  #shapeOf(value = ''): readonly Dim[] {
    return this.#typeOf(value).shape;
  }
}

/** The axis that is the batch, where no other has to do with it. */
function batchAxis(shape: readonly Dim[]): number | undefined {
  const touched = shape.flatMap((dim, i) => (typeof dim === 'string' && dim.includes(BATCH) ? [i] : []));
  const [axis = -1, another] = touched;
  return another === undefined && shape[axis] === BATCH ? axis : undefined;
}

function withBatch<T extends { readonly shape: readonly Dim[] }>(info: T, batch: Dim): T {
  return { ...info, shape: [batch, ...info.shape.slice(1)] };
}
