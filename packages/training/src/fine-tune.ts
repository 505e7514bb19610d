import type { Executable, Graph, Runtime, Tensor, Tensors } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import { UnpairError } from '@unpair/errors';
import { CollapseWatch } from './collapse.js';
import type { TensorRange } from './parameters.js';
import { unpackTensors } from './parameters.js';
import type { ShownRows } from './samples/record.js';
import { recordLayout, writeRecord } from './samples/record.js';
import type { Presentation, TrainingSamples } from './samples/samples.js';
import { fillBatch, sampleCount } from './samples/samples.js';
import type { Evaluation, Measures } from './selection.js';
import { Selection } from './selection.js';
import { averageShards } from './optimization/shards.js';
import { epochOrder } from './samples/shuffle.js';
import type { Descent, StepReport, TrainingState } from './state.js';
import { decodeState, encodeState, initialState, modelOf, updateState } from './state.js';
import type { TrainingStep } from './step-graph.js';
import { buildTrainingStep } from './step-graph.js';

/** Everything about a run that numbers can say. With model and samples it determines the result, to the last bit. */
export interface FineTuneSchedule extends Descent, Presentation {
  readonly epochs: number;
}

/** Keeps weights in a set, such as those with certain zeros. Its whole memory must be in the weights themselves. */
export interface WeightConstraint {
  /** Sees the weights before the first step, and those of a checkpoint before the run goes on. */
  begin?(weights: Float32Array): void;
  /** Brings weights back into the set after `step` steps are done. */
  project?(weights: Float32Array, step: number): void;
  /** Writes the weights that the step computes with, where those are others (rounded ones, for instance). */
  view?(weights: Float32Array, out: Float32Array): void;
}

/** One shard of a batch as it is about to be fed. */
export interface ShardBatch {
  /** Name of the step's input with the images. */
  readonly input: string;
  /** [S,C,H,W] in [0, 1]. */
  readonly images: Tensor<'float32'>;
  /** Label distributions [S,classes]. */
  readonly labels: Tensor<'float32'>;
  /** [S]. */
  readonly answers: readonly number[];
  /** Which samples they are, [S]. */
  readonly indices: Uint32Array;
  readonly epoch: number;
  /** Share of all steps that are done before this one. */
  readonly progress: number;
  /** The weights that the step computes with, by name. */
  readonly weights: Tensors;
}

/** Where a run keeps its state, so that it can go on after it was killed. */
export interface Checkpoints {
  /** The last state that was saved; undefined without any. */
  load(): Promise<Uint8Array | undefined>;
  save(bytes: Uint8Array): Promise<void>;
  /** Steps between two. */
  readonly every: number;
}

export interface FineTuneProgress extends StepReport {
  /** Steps in all. */
  readonly steps: number;
  /** Times that every sample is seen, in all. */
  readonly epochs: number;
  /** Images of one step. */
  readonly batch: number;
  /** What was measured of the model, by name; absent on steps after which nothing was. */
  readonly measures?: Measures;
}

export interface FineTuneOptions {
  readonly graph: Graph;
  readonly runtime: Runtime;
  /** Threads inside one operator; never changes the result. */
  readonly threads?: number | undefined;
  readonly samples: TrainingSamples;
  readonly schedule: FineTuneSchedule;
  /** Writes the graph of one step over `shard` images: what is minimized. Default: cross-entropy. */
  readonly buildStep?: (model: Graph, shard: number) => TrainingStep;
  /** What a shard is fed beside its images, labels and weights, or in their place. */
  readonly feeds?: (shard: ShardBatch) => Promise<Tensors>;
  /** What the rows of a step over so many images show. Default: each image once, as it is. */
  readonly shown?: (images: number) => ShownRows;
  readonly constraint?: (weights: readonly TensorRange[]) => WeightConstraint;
  /** Measures the model before training and after every epoch, and chooses the outcome. Default: the last state. */
  readonly evaluation?: Evaluation | undefined;
  /** Whether the model must be a classifier after every epoch, at the end, or nobody asks. Default `epoch`. */
  readonly judge?: 'epoch' | 'end' | 'never';
  readonly checkpoints?: Checkpoints | undefined;
  readonly onStep?: ((progress: FineTuneProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains a model further. The result is a function of model, samples, schedule and what the callbacks compute: not of
 * threads, nor of how often the run was interrupted and went on from a checkpoint.
 * @throws {ModelError} when the model cannot be differentiated
 * @throws {UnpairError} INVALID_ARGUMENT when the samples do not fill a batch; FAILED_PRECONDITION when training
 * collapses: the message says how, and at which step
 * @throws the signal's reason once it is aborted; the state is saved then
 */
export async function fineTune(options: FineTuneOptions): Promise<Graph> {
  const { graph, runtime, schedule, threads, buildStep = buildTrainingStep } = options;
  const count = sampleCount(options.samples);
  if (count < schedule.batch) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `training needs at least one batch of ${schedule.batch} samples, got ${count}`,
    );
  }
  const step = buildStep(graph, schedule.batch / schedule.shards);
  const executable = await runtime.load(step.graph, threads === undefined ? {} : { threads });
  try {
    const run = new FineTuning(options, step, executable);
    await run.toEnd();
    return modelOf(graph, step, run.outcome);
  } finally {
    await executable.close();
  }
}

/** One run; it lives as long as one call. */
class FineTuning {
  readonly #state: TrainingState;
  readonly #selection: Selection | undefined;
  readonly #shown: ShownRows | undefined;
  readonly #options: FineTuneOptions;
  readonly #step: TrainingStep;
  readonly #executable: Executable;
  readonly #constraint: WeightConstraint;
  readonly #stepsPerEpoch: number;
  readonly #steps: number;
  readonly #records: readonly Float32Array[];
  readonly #mean: Float32Array;
  readonly #images: Tensor<'float32'>;
  readonly #labels: Tensor<'float32'>;
  /** The weights that the step computes with. */
  readonly #seen: Float32Array;
  #order = new Uint32Array();
  #epoch = -1;

  constructor(options: FineTuneOptions, step: TrainingStep, executable: Executable) {
    const { samples, schedule, constraint, evaluation, shown } = options;
    this.#options = options;
    this.#step = step;
    this.#executable = executable;
    this.#constraint = constraint?.(step.weights) ?? {};
    this.#selection = evaluation && new Selection(evaluation);
    this.#shown = shown?.(schedule.batch / schedule.shards);
    this.#state = initialState(options.graph, step, schedule);
    this.#seen = new Float32Array(this.#state.weights.length);
    this.#stepsPerEpoch = Math.floor(sampleCount(samples) / schedule.batch);
    this.#steps = this.#stepsPerEpoch * schedule.epochs;
    const { length } = recordLayout(step);
    this.#records = Array.from({ length: schedule.shards }, () => new Float32Array(length));
    this.#mean = new Float32Array(length);
    const size = schedule.batch / schedule.shards;
    const pixels = samples.shape.reduce((product, dim) => product * dim, 1);
    this.#images = float32([size, ...samples.shape], new Float32Array(size * pixels));
    this.#labels = float32([size, samples.classes], new Float32Array(size * samples.classes));
  }

  /** What the run comes to: the last state, unless an evaluation chose another. */
  get outcome(): TrainingState {
    return { ...this.#state, ...this.#selection?.outcome };
  }

  async toEnd(): Promise<void> {
    const { samples, checkpoints, onStep, signal, schedule, judge = 'epoch' } = this.#options;
    const watch = new CollapseWatch(samples.classes);
    await this.#resume();
    let measures = await this.#selection?.begin(this.#model());
    while (!this.#isDone()) {
      if (signal?.aborted) {
        await this.#save();
        signal.throwIfAborted();
      }
      const report = await this.#advance();
      watch.read(report);
      const isEpoch = report.step % this.#stepsPerEpoch === 0;
      if (isEpoch) measures = (await this.#evaluate()) ?? measures;
      const progress = { ...report, steps: this.#steps, epochs: schedule.epochs, batch: schedule.batch };
      onStep?.({ ...progress, ...(measures && { measures }) });
      measures = undefined;
      const isDue = this.#isDone() || (isEpoch && judge === 'epoch');
      if (isDue && judge !== 'never') this.#judge(watch);
      if (checkpoints !== undefined && report.step % checkpoints.every === 0) await this.#save();
    }
  }

  #isDone(): boolean {
    return this.#state.step >= this.#steps || this.#selection?.isExhausted === true;
  }

  /** Judges the accuracy on held-out samples or, where there are none, on rows that are shown as they are. */
  #judge(watch: CollapseWatch): void {
    const heldOut = this.#selection?.accuracy;
    const hasCleanRows = this.#shown === undefined || this.#shown.firstClean < this.#shown.images.length;
    if (hasCleanRows || heldOut !== undefined) watch.judge(this.#state.step, heldOut);
  }

  /** The model with the weights that the last step left, as they would be published. */
  #model(): Graph {
    return modelOf(this.#options.graph, this.#step, { ...this.#state, weights: this.#view() });
  }

  async #evaluate(): Promise<Measures | undefined> {
    const measures = await this.#selection?.consider(this.#state.step, this.#model(), this.#state);
    return this.#isDone() && measures !== undefined
      ? { ...measures, ...this.#selection?.describe() }
      : measures;
  }

  async #resume(): Promise<void> {
    const bytes = await this.#options.checkpoints?.load();
    if (bytes !== undefined) {
      decodeState(bytes, this.#owner, this.#state, (others) => this.#selection?.restore(others));
    }
    this.#constraint.begin?.(this.#state.weights);
  }

  async #save(): Promise<void> {
    const others = this.#selection?.encode();
    await this.#options.checkpoints?.save(encodeState(this.#owner, this.#state, others));
  }

  /** Whoever keeps checkpoints tells runs apart; this only keeps one stage of a run from going on as another. */
  get #owner(): string {
    return JSON.stringify([this.#options.graph.name, this.#options.schedule]);
  }

  async #advance(): Promise<StepReport> {
    const { schedule } = this.#options;
    const epoch = Math.floor(this.#state.step / this.#stepsPerEpoch);
    if (epoch !== this.#epoch) {
      this.#order = new Uint32Array(epochOrder(schedule.seed, epoch, sampleCount(this.#options.samples)));
      this.#epoch = epoch;
    }
    this.#view();
    for (const [shard, record] of this.#records.entries()) await this.#compute(shard, record);
    averageShards(this.#records, this.#mean);
    const progress = { steps: this.#steps, stepsPerEpoch: this.#stepsPerEpoch };
    const report = updateState(this.#state, this.#step, this.#mean, schedule, progress);
    this.#constraint.project?.(this.#state.weights, this.#state.step);
    return report;
  }

  /** The weights that the next step computes with. */
  #view(): Float32Array {
    if (this.#constraint.view === undefined) this.#seen.set(this.#state.weights);
    else this.#constraint.view(this.#state.weights, this.#seen);
    return this.#seen;
  }

  async #compute(shard: number, record: Float32Array): Promise<void> {
    const { samples, schedule, feeds } = this.#options;
    const size = schedule.batch / schedule.shards;
    const first = (this.#state.step % this.#stepsPerEpoch) * schedule.batch + shard * size;
    const indices = this.#order.subarray(first, first + size);
    const buffers = { images: this.#images.data, labels: this.#labels.data };
    const answers = fillBatch(samples, indices, this.#epoch, schedule, buffers);
    const weights = unpackTensors(this.#step.weights, this.#seen);
    const batch = {
      input: this.#step.images,
      images: this.#images,
      labels: this.#labels,
      answers,
      indices,
      epoch: this.#epoch,
      progress: this.#state.step / this.#steps,
      weights,
    };
    const results = await this.#executable.run({
      ...weights,
      [this.#step.images]: this.#images,
      [this.#step.labels]: this.#labels,
      ...(await feeds?.(batch)),
    });
    const { images = answers.keys(), firstClean = 0 } = this.#shown ?? {};
    const labels = Array.from(images, (image) => answers[image] ?? 0);
    writeRecord(this.#step, results, labels, record, { images: answers.length, firstClean });
  }
}
