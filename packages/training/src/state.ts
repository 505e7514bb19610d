import type { Graph, Tensor } from '@unpair/graph';
import { BUILD_OPSET, decodeModel, encodeModel, float32, int64 } from '@unpair/graph';
import { UnpairError } from '@unpair/errors';
import { layoutSize, packTensors, unpackTensors, withInitializers } from './parameters.js';
import { recordLayout } from './samples/record.js';
import { learningRate } from './optimization/schedule.js';
import type { AdamOptions } from './optimization/adam.js';
import { adamStep } from './optimization/adam.js';
import type { SgdOptions } from './optimization/sgd.js';
import { sgdStep } from './optimization/sgd.js';
import { trackStatistics } from './optimization/shards.js';
import type { TrainingStep } from './step-graph.js';

/** Part of the running statistics that a batch leaves in place. */
const STATISTICS_KEPT = 0.9;

/** Everything that training changes, so that it can go on from here to the same bits. */
export interface TrainingState {
  /** Steps done, over all epochs. */
  step: number;
  /** Flat, as the training step lays them out. */
  readonly weights: Float32Array;
  readonly momentum: Float32Array;
  /** Mean of squared gradients, as long as the others with Adam and empty without. */
  readonly variance: Float32Array;
  /** Running normalization statistics, flat. */
  readonly statistics: Float32Array;
}

/** What a finished step says of itself. */
export interface StepReport {
  /** Steps done, over all epochs. */
  readonly step: number;
  /** Mean loss of the batch. */
  readonly loss: number;
  /** Fraction of the batch that was classified correctly before the step. */
  readonly accuracy: number;
}

/** How a step moves the weights. */
export interface Descent {
  readonly batch: number;
  /** Equal parts that a batch is computed in. */
  readonly shards: number;
  readonly learningRate: {
    readonly peak: number;
    readonly warmupEpochs: number;
    /** Whether it stays at the peak. */
    readonly isConstant?: boolean;
  };
  readonly sgd: SgdOptions;
  /** Takes the place of `sgd` where it is there. */
  readonly adam?: AdamOptions | undefined;
}

/** The state before the first step: the model's own weights. */
export function initialState(
  model: Graph,
  step: TrainingStep,
  { adam }: Pick<Descent, 'adam'>,
): TrainingState {
  const initial = Object.fromEntries(model.initializers);
  const weights = new Float32Array(layoutSize(step.weights));
  const statistics = new Float32Array(layoutSize(step.statistics));
  packTensors(step.weights, initial, weights);
  packTensors(step.statistics, initial, statistics);
  const momentum = new Float32Array(weights.length);
  const variance = new Float32Array(adam === undefined ? 0 : weights.length);
  return { step: 0, weights, momentum, variance, statistics };
}

/**
 * Follows the mean of the shards' records (see {@link recordLayout}) by one step of descent, and counts it.
 * @param mean overwritten
 */
export function updateState(
  state: TrainingState,
  step: TrainingStep,
  mean: Float32Array,
  { batch, shards, learningRate: { warmupEpochs, ...course }, sgd, adam }: Descent,
  { steps, stepsPerEpoch }: { readonly steps: number; readonly stepsPerEpoch: number },
): StepReport {
  const warmup = Math.round(warmupEpochs * stepsPerEpoch);
  const rate = learningRate({ ...course, warmup, steps }, state.step);
  const layout = recordLayout(step);
  const gradient = mean.subarray(0, layout.statistics);
  // Shards give gradients of their summed losses; the step follows that of the batch's mean loss.
  const scale = shards / batch;
  for (let index = 0; index < gradient.length; index++) gradient[index] = (gradient[index] ?? 0) * scale;
  if (adam === undefined) sgdStep({ ...state, gradient }, step.weights, rate, sgd);
  else adamStep({ ...state, gradient }, step.weights, rate, state.step + 1, adam);
  trackStatistics(state.statistics, mean.subarray(layout.statistics, layout.loss), STATISTICS_KEPT);
  state.step += 1;
  return {
    step: state.step,
    loss: (mean[layout.loss] ?? 0) * scale,
    accuracy: (mean[layout.correct] ?? 0) * scale,
  };
}

/** The model with the weights and running statistics of a state. */
export function modelOf(model: Graph, step: TrainingStep, { weights, statistics }: TrainingState): Graph {
  return withInitializers(model, {
    ...unpackTensors(step.weights, Float32Array.from(weights)),
    ...unpackTensors(step.statistics, Float32Array.from(statistics)),
  });
}

/**
 * A state as bytes, an ONNX file without nodes. `owner` identifies what it belongs to; `others` are kept beside it under
 * names of their own.
 */
export function encodeState(
  owner: string,
  state: TrainingState,
  others: ReadonlyMap<string, Tensor> = new Map(),
): Uint8Array {
  const initializers = new Map<string, Tensor>([
    ['step', int64([1], [state.step])],
    ['weights', float32([state.weights.length], state.weights)],
    ['momentum', float32([state.momentum.length], state.momentum)],
    ['variance', float32([state.variance.length], state.variance)],
    ['statistics', float32([state.statistics.length], state.statistics)],
    ...others,
  ]);
  // A model has outputs; these are its constants.
  const outputs = Array.from(initializers, ([name, { dataType, shape }]) => ({ name, dataType, shape }));
  return encodeModel({ name: owner, opset: BUILD_OPSET, inputs: [], outputs, initializers, nodes: [] });
}

/**
 * Loads a state from bytes; false, and nothing changed, where they belong to something else. `restoreOthers` sees all
 * that is kept.
 * @throws {ModelError} when the bytes are no state
 * @throws {UnpairError} DATA_LOSS when they are another model's
 */
export function decodeState(
  bytes: Uint8Array,
  owner: string,
  state: TrainingState,
  restoreOthers?: (initializers: ReadonlyMap<string, Tensor>) => void,
): boolean {
  const { name, initializers } = decodeModel(bytes);
  if (name !== owner) return false;
  restore(state.weights, initializers.get('weights'));
  restore(state.momentum, initializers.get('momentum'));
  restore(state.variance, initializers.get('variance'));
  restore(state.statistics, initializers.get('statistics'));
  restoreOthers?.(initializers);
  state.step = stepOf(initializers);
  return true;
}

/**
 * What a state in bytes belongs to, and how many of its steps are done.
 * @throws {ModelError} when the bytes are no state
 */
export function describeState(bytes: Uint8Array): { readonly owner: string; readonly step: number } {
  const { name, initializers } = decodeModel(bytes);
  return { owner: name, step: stepOf(initializers) };
}

function stepOf(initializers: ReadonlyMap<string, Tensor>): number {
  const step = initializers.get('step');
  return step?.dataType === 'int64' ? Number(step.data[0]) : 0;
}

function restore(into: Float32Array, from: Tensor | undefined): void {
  if (from?.dataType !== 'float32' || from.data.length !== into.length) {
    throw new UnpairError('DATA_LOSS', 'the checkpoint is damaged; remove it to start afresh');
  }
  into.set(from.data);
}
