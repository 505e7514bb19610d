import type { Dim, Graph, Node, ValueInfo } from '../../graph.js';
import { ModelError, int, ints } from '../../graph.js';
import type { Tensor } from '../../tensor.js';
import { float32, int64 } from '../../tensor.js';
import { freshNames } from '../fresh-names.js';
import type { Layout, ModelOptions, Preprocessing } from './model-options.js';

/** Numbers of channels that images have; any other last or second dimension is a side of the image. */
const CHANNELS: ReadonlySet<Dim> = new Set([1, 3]);

/** Where an input of four dimensions has its channels, as far as its shape tells: [N,C,H,W] in doubt. */
function layoutOf(shape: readonly Dim[]): Layout {
  const [, second = 0, , last = 0] = shape;
  return !CHANNELS.has(second) && CHANNELS.has(last) ? 'nhwc' : 'nchw';
}

/**
 * Puts what a model expects of its images into the model: the result takes [N,C,H,W] in [0, 1], RGB, and computes
 * range, order of channels, mean, deviation and layout itself, so that gradients are with respect to those images.
 * @returns the graph itself where nothing is to be done
 * @throws {ModelError} when the model does not take images, or as many channels as the options speak of.
 */
export function adaptInput(graph: Graph, { layout, preprocessing = {} }: ModelOptions): Graph {
  const [input, another] = graph.inputs;
  if (input?.shape.length !== 4 || input.dataType !== 'float32' || another !== undefined) {
    if (layout === undefined && Object.keys(preprocessing).length === 0) return graph;
    throw new ModelError(
      `layout and preprocessing are for models with one float32 input of four dimensions; "${graph.name}" has ${describeInputs(graph)}`,
    );
  }
  const isChannelsLast = (layout ?? layoutOf(input.shape)) === 'nhwc';
  const [batch = 'N', ...rest] = input.shape;
  const image = isChannelsLast ? [rest[2] ?? 1, rest[0] ?? 1, rest[1] ?? 1] : rest;
  const chain = new InputChain(graph, input, [batch, ...image]);
  applyPreprocessing(chain, preprocessing, image[0] ?? 1);
  if (isChannelsLast) chain.add('Transpose', [], { perm: ints([0, 2, 3, 1]) });
  return chain.build();
}

function applyPreprocessing(chain: InputChain, preprocessing: Preprocessing, channels: Dim): void {
  const { range = [0, 1], channels: order = 'rgb', mean = 0, std = 1 } = preprocessing;
  const means = perChannel('mean', mean, channels);
  const deviations = perChannel('std', std, channels);
  const size = Math.max(means.length, deviations.length);
  const at = (list: readonly number[], channel: number): number => list[list.length === 1 ? 0 : channel] ?? 0;
  const over = (compute: (channel: number) => number): Tensor =>
    float32(
      size === 1 ? [] : [size, 1, 1],
      Float32Array.from({ length: size }, (_, c) => compute(c)),
    );
  const scale = over((c) => (range[1] - range[0]) / at(deviations, c));
  const shift = over((c) => (range[0] - at(means, c)) / at(deviations, c));
  if (order === 'bgr') {
    if (channels !== 3) throw new ModelError(`channels is bgr, but the model takes ${channels} channels`);
    chain.add('Gather', [int64([3], [2, 1, 0])], { axis: int(1) });
  }
  if (scale.data.some((value) => value !== 1)) chain.add('Mul', [scale]);
  if (shift.data.some((value) => value !== 0)) chain.add('Add', [shift]);
}

function perChannel(name: string, value: number | readonly number[], channels: Dim): readonly number[] {
  const list = typeof value === 'number' ? [value] : value;
  if (list.length === 1 || list.length === channels) return list;
  throw new ModelError(`${name} has ${list.length} numbers, but the model takes ${channels} channels`);
}

/** Nodes between a new input and the present one. */
class InputChain {
  readonly #graph: Graph;
  readonly #old: ValueInfo;
  readonly #shape: readonly Dim[];
  readonly #fresh: (hint: string) => string;
  readonly #nodes: Node[] = [];
  readonly #initializers: Map<string, Tensor>;

  constructor(graph: Graph, old: ValueInfo, shape: readonly Dim[]) {
    this.#graph = graph;
    this.#old = old;
    this.#shape = shape;
    this.#fresh = freshNames(graph);
    this.#initializers = new Map(graph.initializers);
  }

  /** Adds a node on the chain's value and constants. */
  add(op: string, constants: readonly Tensor[], attributes: Node['attributes'] = {}): void {
    const names = constants.map((tensor) => {
      const name = this.#fresh('preprocessing');
      this.#initializers.set(name, tensor);
      return name;
    });
    this.#nodes.push({ op, domain: '', name: '', inputs: ['', ...names], outputs: [''], attributes });
  }

  build(): Graph {
    if (this.#nodes.length === 0) return this.#graph;
    const input = this.#fresh('images');
    let value = input;
    const nodes = this.#nodes.map((node, i) => {
      const output = i === this.#nodes.length - 1 ? this.#old.name : this.#fresh('preprocessed');
      const linked = { ...node, name: output, inputs: [value, ...node.inputs.slice(1)], outputs: [output] };
      value = output;
      return linked;
    });
    return {
      ...this.#graph,
      inputs: [{ name: input, dataType: 'float32', shape: this.#shape }],
      initializers: this.#initializers,
      nodes: [...nodes, ...this.#graph.nodes],
    };
  }
}

function describeInputs({ inputs }: Graph): string {
  return inputs.map(({ dataType, shape }) => `${dataType} [${shape.join(', ')}]`).join(', ') || 'none';
}
