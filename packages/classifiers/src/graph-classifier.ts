import type { Executable, Graph, LoadOptions, Runtime, Tensor } from '@unpair/graph';
import {
  LABELS,
  ModelError,
  float32,
  foldBatchNormalization,
  foldConstants,
  lossAndInputGradient,
} from '@unpair/graph';
import type { Rows } from './batching/run-rows.js';
import { runRows } from './batching/run-rows.js';
import { triedImages, whyApart } from './batching/rows-together.js';
import type { RunSize, RunSizing } from './batching/run-size.js';
import { RowLimit } from './batching/run-size.js';
import type { Classifier, DifferentiableClassifier, LossGradients } from './classifier.js';
import type { ClassifierGraph, ImageShape } from './classifier-graph.js';
import { classifierGraph, logitsGraph } from './classifier-graph.js';
import { UnpairError } from '@unpair/errors';

/** A model and what executes it. */
export interface GraphClassifierOptions extends LoadOptions {
  readonly graph: Graph;
  readonly runtime: Runtime;
  /** Size of the images, for what the graph leaves open of it. */
  readonly images?: ImageShape;
  /** How many rows of either graph run at a time; default: all, halved for as long as they do not fit in memory. */
  readonly runSizes?: RunSizes;
  /** Milliseconds, for run sizes that are chosen by speed. */
  readonly clock?: () => number;
}

/** The two graphs of a classifier: its logits, and its derivative. */
export interface RunSizes {
  readonly logits: RunSize;
  readonly gradient: RunSize;
}

/**
 * A classifier from a graph with one input [N,C,H,W] and one output [N,K]. Where the graph ends in a Softmax, its
 * logits are what goes into it. A graph made for batches of one size takes any number of inputs all the same.
 *
 * @throws {ModelError} when the graph is no such model
 * @throws {UnpairError} when the runtime cannot run it
 */
export async function createClassifier(options: GraphClassifierOptions): Promise<Classifier> {
  const { classifier } = await loadLogits(classifierGraph(options.graph, options.images), options);
  return classifier;
}

/**
 * A classifier that also gives the input gradient of its cross-entropy, from a second graph that is its derivative. That
 * graph is made when it is first asked for: a target that is only queried need not be differentiable.
 *
 * @throws {ModelError} as `createClassifier`; `lossGradients` throws one when an operator has no derivative
 * @throws {UnpairError} when the runtime cannot run it
 */
export async function createDifferentiableClassifier(
  options: GraphClassifierOptions,
): Promise<DifferentiableClassifier> {
  const model = classifierGraph(options.graph, options.images);
  const { classifier, apart } = await loadLogits(model, options);
  let derivative: Promise<Derivative> | undefined;
  return {
    ...classifier,
    async lossGradients(inputs, labels, count) {
      derivative ??= loadDerivative(model, options, apart);
      return lossGradients(await derivative, model, { inputs, labels, count });
    },
    async close() {
      const closeDerivative = derivative?.then(
        ({ executable }) => executable.close(),
        () => undefined,
      );
      await Promise.all([classifier.close(), closeDerivative]);
    },
  };
}

/** A classifier, and whether its rows run one at a time. */
interface LoadedLogits {
  readonly classifier: Classifier;
  readonly apart: boolean;
}

async function loadLogits(
  model: ClassifierGraph,
  { runtime, threads, runSizes, clock }: GraphClassifierOptions,
): Promise<LoadedLogits> {
  const { input, shape, logits, classes } = model;
  // Integer kernels want quantized weights as they are.
  const graph = foldConstants(logitsGraph(model), { keepQuantized: true });
  const executable = await runtime.load(graph, loadOptions(threads));
  const { remark } = executable;
  const reason = await whyApart(graph, executable, runtime, { [input]: triedImages(shape) });
  const apart = reason !== undefined;
  const runs: RunSizing = { size: runSizes?.logits ?? new RowLimit(), clock, apart };
  const classifier: Classifier = {
    shape,
    classes,
    remarks: [
      ...(remark === undefined ? [] : [`it runs ${remark}`]),
      ...(apart ? [`its images run one at a time, since ${reason}`] : []),
    ],
    async logits(inputs, count) {
      const results = await runRows(executable, { [input]: float32([count, ...shape], inputs) }, count, runs);
      return valuesOf(results, logits);
    },
    close: () => executable.close(),
  };
  return { classifier, apart };
}

/** The graph of loss and gradient on a runtime, and the names of what it gives. */
interface Derivative {
  readonly executable: Executable;
  readonly loss: string;
  readonly gradient: string;
  readonly logits: string;
  readonly runs: RunSizing;
}

async function loadDerivative(
  model: ClassifierGraph,
  { runtime, threads, runSizes, clock }: GraphClassifierOptions,
  areLogitsApart: boolean,
): Promise<Derivative> {
  // Folded first: exporters compute shapes and pads at run time, and what is not there needs no derivative.
  const folded = foldBatchNormalization(foldConstants(model.graph));
  const { graph, loss, gradient, logits } = lossAndInputGradient(folded, 'cross-entropy');
  const derivative = foldConstants(graph);
  const executable = await runtime.load(derivative, loadOptions(threads));
  const images = triedImages(model.shape);
  const [rows = 0] = images.shape;
  const labels = Int32Array.from({ length: rows }, (_, row) => row % model.classes);
  const feeds = { [model.input]: images, [LABELS]: oneHot(labels, rows, model.classes) };
  const apart = areLogitsApart || (await whyApart(derivative, executable, runtime, feeds)) !== undefined;
  const runs = { size: runSizes?.gradient ?? new RowLimit(), clock, apart };
  return { executable, loss, gradient, logits, runs };
}

const loadOptions = (threads: number | undefined): LoadOptions => (threads === undefined ? {} : { threads });

interface LabelledInputs {
  readonly inputs: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

async function lossGradients(
  { executable, loss, gradient, logits, runs }: Derivative,
  { input, shape, classes }: ClassifierGraph,
  { inputs, labels, count }: LabelledInputs,
): Promise<LossGradients> {
  const feeds = { [input]: float32([count, ...shape], inputs), [LABELS]: oneHot(labels, count, classes) };
  const results = await runRows(executable, feeds, count, runs);
  return {
    losses: valuesOf(results, loss),
    gradients: valuesOf(results, gradient),
    logits: valuesOf(results, logits),
  };
}

function oneHot(labels: Int32Array, count: number, classes: number): Tensor<'float32'> {
  const rows = new Float32Array(count * classes);
  for (let row = 0; row < count; row++) {
    const label = labels[row] ?? -1;
    if (label < 0 || label >= classes) {
      throw new UnpairError(
        'INVALID_ARGUMENT',
        `label ${row} of ${count} is ${labels[row] ?? 'missing'}, but must be 0 to ${classes - 1}`,
      );
    }
    rows[row * classes + label] = 1;
  }
  return float32([count, classes], rows);
}

function valuesOf(results: Rows, name: string): Float32Array {
  const values = results[name];
  if (values === undefined) throw new ModelError(`the model gives no "${name}"`);
  return values;
}
