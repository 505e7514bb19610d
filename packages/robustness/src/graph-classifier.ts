import type { Executable, Graph, LoadOptions, Runtime, Tensors } from '@unpair/graph';
import {
  LABELS,
  ModelError,
  float32,
  foldBatchNormalization,
  foldConstants,
  lossAndInputGradient,
  withLoss,
} from '@unpair/graph';
import type { Classifier, DifferentiableClassifier, LossGradients } from './classifier.js';

/** A model and what executes it. */
export interface GraphClassifierOptions extends LoadOptions {
  readonly graph: Graph;
  readonly runtime: Runtime;
}

/**
 * A classifier from a graph with one input [N,C,H,W] and one output [N,K]. Where the graph ends in a Softmax, its
 * logits are what goes into it.
 *
 * @throws {ModelError} when the graph is no such model
 * @throws {RuntimeError} when the runtime cannot run it
 */
export async function createClassifier(options: GraphClassifierOptions): Promise<Classifier> {
  const { graph, runtime, ...load } = options;
  const layout = layoutOf(graph);
  const executable = await runtime.load(logitsGraph(graph, layout), load);
  return {
    shape: layout.shape,
    classes: layout.classes,
    logits: (inputs, count) => logitsFrom(executable, layout, inputs, count),
    close: () => executable.close(),
  };
}

/**
 * A classifier that also gives the input gradient of its cross-entropy, from a second graph that is its derivative.
 *
 * @throws {ModelError} as `createClassifier`, and when an operator has no derivative
 * @throws {RuntimeError} when the runtime cannot run it
 */
export async function createDifferentiableClassifier(
  options: GraphClassifierOptions,
): Promise<DifferentiableClassifier> {
  const { graph, runtime, ...load } = options;
  // Folded first: exporters compute shapes and pads at run time, and what is not there needs no derivative.
  const folded = foldBatchNormalization(foldConstants(graph));
  const { graph: derivative, loss, gradient, logits } = lossAndInputGradient(folded, 'cross-entropy');
  const { input, classes } = layoutOf(graph);
  const classifier = await createClassifier(options);
  const executable = await runtime.load(foldConstants(derivative), load).catch(async (error: unknown) => {
    await classifier.close();
    throw error;
  });
  return {
    ...classifier,
    async lossGradients(inputs, labels, count): Promise<LossGradients> {
      const results = await executable.run({
        [input]: float32([count, ...classifier.shape], inputs),
        [LABELS]: float32([count, classes], oneHot(labels, classes)),
      });
      return {
        losses: floats(results, loss),
        gradients: floats(results, gradient),
        logits: floats(results, logits),
      };
    },
    async close(): Promise<void> {
      await Promise.all([classifier.close(), executable.close()]);
    },
  };
}

/** Names and sizes of a classifier's input and output. */
interface Layout {
  readonly input: string;
  readonly shape: readonly [number, number, number];
  readonly logits: string;
  readonly classes: number;
}

function layoutOf(graph: Graph): Layout {
  const [input, another] = graph.inputs;
  const [batch, ...shape] = input?.shape ?? [];
  const [channels, height, width] = shape;
  if (
    input?.dataType !== 'float32' ||
    another !== undefined ||
    shape.length !== 3 ||
    typeof batch === 'number' ||
    typeof channels !== 'number' ||
    typeof height !== 'number' ||
    typeof width !== 'number'
  ) {
    const given = graph.inputs.map((info) => `${info.dataType} [${info.shape.join(', ')}]`).join(', ');
    throw new ModelError(
      `a classifier has one float32 input [N, C, H, W] with N left open; model "${graph.name}" has ${given || 'none'}`,
    );
  }
  const { graph: whole, logits } = withLoss(graph, 'cross-entropy');
  const classes = whole.outputs.find(({ name }) => name === logits)?.shape[1];
  if (typeof classes !== 'number') throw new ModelError(`model "${graph.name}" has no number of classes`);
  return { input: input.name, shape: [channels, height, width], logits, classes };
}

/** The graph cut off at its logits. */
function logitsGraph(graph: Graph, { logits, classes }: Layout): Graph {
  const batch = graph.inputs[0]?.shape[0] ?? 'N';
  return { ...graph, outputs: [{ name: logits, dataType: 'float32', shape: [batch, classes] }] };
}

async function logitsFrom(
  executable: Executable,
  { input, shape, logits }: Layout,
  inputs: Float32Array,
  count: number,
): Promise<Float32Array> {
  return floats(await executable.run({ [input]: float32([count, ...shape], inputs) }), logits);
}

function oneHot(labels: Int32Array, classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => {
    rows[row * classes + label] = 1;
  });
  return rows;
}

function floats(results: Tensors, name: string): Float32Array {
  const tensor = results[name];
  if (tensor?.dataType !== 'float32') throw new ModelError(`output "${name}" is not float32`);
  return tensor.data;
}
