import type { Executable, Graph, Tensor } from '@unpair/graph';
import { float32, lossAndInputGradient, ModelError, withLoss, type LossGradientGraph } from '@unpair/graph';
import type { DifferentiableClassifier, LossGradients } from '@unpair/robustness';

/** Loads a graph that was derived from the model, once for each purpose. */
export type LoadPurpose = (purpose: string, derive: (graph: Graph) => Graph) => Promise<Executable>;

/** What a classifier's graph takes and gives. */
interface Interface {
  readonly input: string;
  readonly shape: readonly [number, number, number];
  readonly logits: string;
  readonly classes: number;
}

/**
 * A graph on a runtime, as attacks and measurements see models. The logits are taken before a final Softmax, so that
 * losses do not saturate. Executables are made when they are first needed: a target never needs its gradient.
 */
export class GraphClassifier implements DifferentiableClassifier {
  readonly #graph: Graph;
  readonly #load: LoadPurpose;
  readonly #interface: Interface;

  /** @throws {ModelError} when the graph is not [N,C,H,W] float32 to [N,classes] float32. */
  constructor(graph: Graph, load: LoadPurpose) {
    this.#graph = graph;
    this.#load = load;
    this.#interface = interfaceOf(graph);
  }

  get shape(): readonly [number, number, number] {
    return this.#interface.shape;
  }

  get classes(): number {
    return this.#interface.classes;
  }

  async logits(inputs: Float32Array, count: number): Promise<Float32Array> {
    const { input, shape, logits } = this.#interface;
    const forward = await this.#load('logits', (graph) => onlyLogits(graph, logits));
    const results = await forward.run({ [input]: float32([count, ...shape], inputs) });
    return floats(results, logits);
  }

  async lossGradients(inputs: Float32Array, labels: Int32Array, count: number): Promise<LossGradients> {
    const { input, shape, classes } = this.#interface;
    const names = this.#gradientNames();
    const executable = await this.#load(
      'gradient',
      (graph) => lossAndInputGradient(graph, 'cross-entropy').graph,
    );
    const results = await executable.run({
      [input]: float32([count, ...shape], inputs),
      labels: oneHot(labels, count, classes),
    });
    return {
      losses: floats(results, names.loss),
      gradients: floats(results, names.gradient),
      logits: floats(results, names.logits),
    };
  }

  /** The executables belong to the model that lends them. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #names: LossGradientGraph | undefined;
  #gradientNames(): LossGradientGraph {
    this.#names ??= lossAndInputGradient(this.#graph, 'cross-entropy');
    return this.#names;
  }
}

function interfaceOf(graph: Graph): Interface {
  const [input, another] = graph.inputs;
  if (
    input === undefined ||
    another !== undefined ||
    input.dataType !== 'float32' ||
    input.shape.length !== 4
  ) {
    throw new ModelError(
      `model "${graph.name}" must have one input [N,C,H,W] of float32: ${signature(graph)}`,
    );
  }
  const [, channels, height, width] = input.shape;
  if (typeof channels !== 'number' || typeof height !== 'number' || typeof width !== 'number') {
    throw new ModelError(`model "${graph.name}" must fix channels, height and width: ${signature(graph)}`);
  }
  const { logits } = withLoss(graph, 'cross-entropy');
  const classes = graph.outputs[0]?.shape[1];
  if (typeof classes !== 'number') {
    throw new ModelError(`model "${graph.name}" must fix its number of classes: ${signature(graph)}`);
  }
  return { input: input.name, shape: [channels, height, width], logits, classes };
}

function signature({ inputs }: Graph): string {
  const shapes = inputs.map(({ name, dataType, shape }) => `"${name}" ${dataType} [${shape.join(', ')}]`);
  return `it has ${shapes.join(', ') || 'none'}`;
}

function onlyLogits(graph: Graph, logits: string): Graph {
  const [output] = graph.outputs;
  return output === undefined ? graph : { ...graph, outputs: [{ ...output, name: logits }] };
}

function oneHot(labels: Int32Array, count: number, classes: number): Tensor<'float32'> {
  const data = new Float32Array(count * classes);
  for (let row = 0; row < count; row++) data[row * classes + (labels[row] ?? 0)] = 1;
  return float32([count, classes], data);
}

function floats(results: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const tensor = results[name];
  if (tensor?.dataType !== 'float32') throw new ModelError(`the model's "${name}" is not float32`);
  return tensor.data;
}
