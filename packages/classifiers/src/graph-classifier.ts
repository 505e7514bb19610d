import type { Backward, Executable, Graph, LoadOptions, Runtime } from '@unpair/graph';
import {
  LABELS,
  ModelError,
  REFERENCE,
  SHARE,
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
import type { Classifier, DifferentiableClassifier, Objective, ObjectiveGradients } from './classifier.js';
import type { ClassifierGraph, ImageShape } from './classifier-graph.js';
import { classifierGraph } from './classifier-graph.js';
import { clearInvalid } from './invalid-entries.js';
import { oneHot } from './one-hot.js';

/** A model and what executes it. */
export interface GraphClassifierOptions extends LoadOptions {
  readonly graph: Graph;
  readonly runtime: Runtime;
  /** Size of the images, for what the graph leaves open of it. */
  readonly images?: ImageShape;
  /** How many rows of either graph run at a time; default: all, halved for as long as they do not fit in memory. */
  readonly runSizes?: RunSizes;
  /** How gradients are taken, where that is not as derivatives. */
  readonly backward?: Backward | undefined;
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
 * A classifier that also gives input gradients, from a graph for each kind of objective that is its derivative. That
 * graph is made when it is first asked for: a target that is only queried need not be differentiable.
 *
 * @throws {ModelError} as `createClassifier`; `gradients` throws one when an operator has no derivative
 * @throws {UnpairError} when the runtime cannot run it
 */
export async function createDifferentiableClassifier(
  options: GraphClassifierOptions,
): Promise<DifferentiableClassifier> {
  const model = classifierGraph(options.graph, options.images);
  const { classifier, apart } = await loadLogits(model, options);
  const derivatives = new Map<Objective['kind'], Promise<Derivative>>();
  return {
    ...classifier,
    async gradients(inputs, objective, count) {
      const { kind } = objective;
      const derivative = derivatives.get(kind) ?? loadDerivative(model, kind, options, apart);
      derivatives.set(kind, derivative);
      return gradients(await derivative, model, { inputs, objective, count });
    },
    async close() {
      const loaded = await Promise.allSettled(derivatives.values());
      const closing = loaded.map((one) => (one.status === 'fulfilled' ? one.value.executable.close() : null));
      await Promise.all([classifier.close(), ...closing]);
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
  const graph = foldConstants(model.graph, { keepQuantized: true });
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

/** The graph of an objective and its gradient on a runtime, and the names of what it gives. */
interface Derivative {
  readonly executable: Executable;
  readonly value: string;
  readonly gradient: string;
  readonly logits: string;
  readonly runs: RunSizing;
}

async function loadDerivative(
  model: ClassifierGraph,
  kind: Objective['kind'],
  { runtime, threads, runSizes, clock, backward }: GraphClassifierOptions,
  areLogitsApart: boolean,
): Promise<Derivative> {
  const decays = kind === 'decayed-features';
  // Folded first: exporters compute shapes and pads at run time, and what is not there needs no derivative.
  const folded = foldBatchNormalization(foldConstants(model.graph));
  const {
    graph,
    loss: value,
    gradient,
    logits,
  } = lossAndInputGradient(folded, decays ? 'cross-entropy' : kind, {
    ...{ backward, decays },
  });
  const derivative = foldConstants(graph);
  const executable = await runtime.load(derivative, loadOptions(threads));
  const images = triedImages(model.shape);
  const [rows = 0] = images.shape;
  const labels = Int32Array.from({ length: rows }, (_, row) => row % model.classes);
  const halves = float32([rows], new Float32Array(rows).fill(0.5));
  const feeds = {
    ...{ [model.input]: images, [LABELS]: oneHot(labels, model.classes) },
    ...(decays && { [REFERENCE]: float32(images.shape, images.data.toReversed()), [SHARE]: halves }),
  };
  const apart = areLogitsApart || (await whyApart(derivative, executable, runtime, feeds)) !== undefined;
  const runs = { size: runSizes?.gradient ?? new RowLimit(), clock, apart };
  return { executable, value, gradient, logits, runs };
}

const loadOptions = (threads: number | undefined): LoadOptions => (threads === undefined ? {} : { threads });

interface DifferentiatedInputs {
  readonly inputs: Float32Array;
  readonly objective: Objective;
  readonly count: number;
}

async function gradients(
  { executable, value, gradient, logits, runs }: Derivative,
  { input, shape, classes }: ClassifierGraph,
  { inputs, objective, count }: DifferentiatedInputs,
): Promise<ObjectiveGradients> {
  const weights =
    objective.kind === 'combination'
      ? float32([count, classes], objective.weights)
      : oneHot(objective.labels, classes, count);
  const decayed = objective.kind === 'decayed-features' && {
    [REFERENCE]: float32([count, ...shape], objective.references),
    [SHARE]: float32([count], objective.shares),
  };
  const feeds = { [input]: float32([count, ...shape], inputs), [LABELS]: weights, ...decayed };
  const results = await runRows(executable, feeds, count, runs);
  const answer = valuesOf(results, gradient);
  const invalid = clearInvalid(answer, count);
  return { values: valuesOf(results, value), gradients: answer, invalid, logits: valuesOf(results, logits) };
}

function valuesOf(results: Rows, name: string): Float32Array {
  const values = results[name];
  if (values === undefined) throw new ModelError(`the model gives no "${name}"`);
  return values;
}
