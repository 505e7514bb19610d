import type { Graph } from '@unpair/graph';
import { UnpairError } from '@unpair/errors';
import { CollapseWatch } from './collapse.js';
import type { TensorRange } from './parameters.js';
import { layoutSize } from './parameters.js';
import type { ShownRows } from './samples/record.js';
import { recordLayout } from './samples/record.js';
import type { Presentation, TrainingSamples } from './samples/samples.js';
import { sampleCount } from './samples/samples.js';
import type { Evaluation, Measures } from './selection.js';
import { Selection } from './selection.js';
import { averageShards } from './optimization/shards.js';
import { epochOrder } from './samples/shuffle.js';
import type { ShardExecutor, ShardJob } from './shards/shard-job.js';
import type { Descent, StepReport, TrainingState } from './state.js';
import { decodeState, encodeState, initialState, modelOf, updateState } from './state.js';
import type { TrainingStep } from './step-graph.js';
import type { Trajectory } from './trajectory.js';
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

/** Where a run keeps its state, so that it can go on after it was killed. */
export interface Checkpoints {
  /** The last state that was saved; undefined without any. */
  load(): Promise<Uint8Array | undefined>;
  save(bytes: Uint8Array): Promise<void>;
  /** Whether the state is to be saved after this step; asked after every one. When it is changes no result. */
  isDue(step: number): boolean;
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

export interface TrainingOptions {
  readonly graph: Graph;
  readonly samples: TrainingSamples;
  readonly schedule: FineTuneSchedule;
  /** Writes the graph of one step over `shard` images: what is minimized. Default: cross-entropy. */
  readonly buildStep?: (model: Graph, shard: number) => TrainingStep;
  /** What the rows of a step over so many images show. Default: each image once, as it is. */
  readonly shown?: (images: number) => ShownRows;
  readonly constraint?: (weights: readonly TensorRange[]) => WeightConstraint;
  /** Measures the model before training and after every epoch, and chooses the outcome. Default: the last state. */
  readonly evaluation?: Evaluation | undefined;
  /** Keeps states on the way. */
  readonly trajectory?: Trajectory | undefined;
  /** Whether the model must be a classifier after every epoch, at the end, or nobody asks. Default `epoch`. */
  readonly judge?: 'epoch' | 'end' | 'never';
  readonly checkpoints?: Checkpoints | undefined;
  /**
   * Identifies the run in checkpoints; those of another are passed over. Default: model and schedule, which keeps one
   * stage of a run from going on as another.
   */
  readonly owner?: string | undefined;
  readonly onStep?: ((progress: FineTuneProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains a model. The result is a function of model, samples, schedule and what the callbacks compute: not of who
 * computes the shards, nor of how often the run was interrupted and went on from a checkpoint.
 * @param start makes what computes the shards; it is closed at the end
 * @throws {ModelError} when the model cannot be differentiated
 * @throws {UnpairError} INVALID_ARGUMENT when the samples do not fill a batch; FAILED_PRECONDITION when training
 * collapses: the message says how, and at which step
 * @throws the signal's reason once it is aborted; the state is saved then
 */
export async function train(
  options: TrainingOptions,
  start: (job: ShardJob) => Promise<ShardExecutor>,
): Promise<Graph> {
  const { graph, schedule, buildStep = buildTrainingStep } = options;
  const count = sampleCount(options.samples);
  if (count < schedule.batch) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `training needs at least one batch of ${schedule.batch} samples, got ${count}`,
    );
  }
  const step = buildStep(graph, schedule.batch / schedule.shards);
  const job = jobOf(options, step);
  const executor = await start(job);
  try {
    const run = new Training(options, job, executor);
    await run.toEnd();
    options.trajectory?.complete((state) => modelOf(graph, step, { ...run.outcome, ...state }));
    return modelOf(graph, step, run.outcome);
  } finally {
    await executor.close();
  }
}

function jobOf({ samples, schedule, shown }: TrainingOptions, step: TrainingStep): ShardJob {
  const { length } = recordLayout(step);
  return {
    ...{ step, samples, schedule, shown: shown?.(schedule.batch / schedule.shards) },
    order: new Uint32Array(new SharedArrayBuffer(4 * sampleCount(samples))),
    weights: sharedFloats(layoutSize(step.weights)),
    records: Array.from({ length: schedule.shards }, () => sharedFloats(length)),
  };
}

function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

/** One run; it lives as long as one call. */
class Training {
  readonly #state: TrainingState;
  readonly #selection: Selection | undefined;
  readonly #watch: CollapseWatch;
  readonly #options: TrainingOptions;
  readonly #job: ShardJob;
  readonly #executor: ShardExecutor;
  readonly #constraint: WeightConstraint;
  readonly #stepsPerEpoch: number;
  readonly #steps: number;
  readonly #mean: Float32Array;
  #epoch = -1;

  constructor(options: TrainingOptions, job: ShardJob, executor: ShardExecutor) {
    const { samples, schedule, constraint, evaluation } = options;
    this.#options = options;
    this.#job = job;
    this.#executor = executor;
    this.#constraint = constraint?.(job.step.weights) ?? {};
    this.#selection = evaluation && new Selection(evaluation);
    this.#watch = new CollapseWatch(samples.classes);
    this.#state = initialState(options.graph, job.step, schedule);
    this.#stepsPerEpoch = Math.floor(sampleCount(samples) / schedule.batch);
    this.#steps = this.#stepsPerEpoch * schedule.epochs;
    this.#mean = new Float32Array(recordLayout(job.step).length);
  }

  /** What the run comes to: the last state, unless an evaluation chose another. */
  get outcome(): TrainingState {
    return { ...this.#state, ...this.#selection?.outcome };
  }

  async toEnd(): Promise<void> {
    const { checkpoints, onStep, signal, schedule, judge = 'epoch' } = this.#options;
    await this.#resume();
    let measures = await this.#selection?.begin(this.#model());
    while (!this.#isDone()) {
      if (signal?.aborted) {
        await this.#save();
        signal.throwIfAborted();
      }
      const report = await this.#advance();
      this.#watch.read(report);
      const isEpoch = report.step % this.#stepsPerEpoch === 0;
      if (isEpoch) measures = (await this.#evaluate()) ?? measures;
      const progress = { ...report, steps: this.#steps, epochs: schedule.epochs, batch: schedule.batch };
      onStep?.({ ...progress, ...(measures && { measures }) });
      measures = undefined;
      const isDue = this.#isDone() || (isEpoch && judge === 'epoch');
      if (isDue && judge !== 'never') this.#judge();
      if (checkpoints?.isDue(report.step) === true) await this.#save();
    }
  }

  #isDone(): boolean {
    return this.#state.step >= this.#steps || this.#selection?.isExhausted === true;
  }

  /** Judges the accuracy on held-out samples or, where there are none, on rows that are shown as they are. */
  #judge(): void {
    const heldOut = this.#selection?.accuracy;
    const { shown } = this.#job;
    const hasCleanRows = shown === undefined || shown.firstClean < shown.images.length;
    if (hasCleanRows || heldOut !== undefined) this.#watch.judge(this.#state.step, heldOut);
  }

  /** The model with the weights that the last step left, as they would be published. */
  #model(): Graph {
    return modelOf(this.#options.graph, this.#job.step, { ...this.#state, weights: this.#view() });
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
      decodeState(bytes, this.#owner, this.#state, (others) => {
        this.#watch.restore(others);
        this.#selection?.restore(others);
        this.#options.trajectory?.restore(others);
      });
    }
    this.#constraint.begin?.(this.#state.weights);
  }

  async #save(): Promise<void> {
    const { trajectory, checkpoints } = this.#options;
    const kept = [...(this.#selection?.encode() ?? []), ...(trajectory?.encode() ?? [])];
    const others = new Map([...this.#watch.encode(), ...kept]);
    await checkpoints?.save(encodeState(this.#owner, this.#state, others));
  }

  get #owner(): string {
    const { owner, graph, schedule } = this.#options;
    return owner ?? JSON.stringify([graph.name, schedule]);
  }

  async #advance(): Promise<StepReport> {
    const { step, records } = this.#job;
    const epoch = Math.floor(this.#state.step / this.#stepsPerEpoch);
    this.#enter(epoch);
    this.#view();
    const progress = this.#state.step / this.#steps;
    await this.#executor.compute({ epoch, step: this.#state.step % this.#stepsPerEpoch, progress });
    averageShards(records, this.#mean);
    const lengths = { steps: this.#steps, stepsPerEpoch: this.#stepsPerEpoch };
    const report = updateState(this.#state, step, this.#mean, this.#options.schedule, lengths);
    this.#constraint.project?.(this.#state.weights, this.#state.step);
    this.#options.trajectory?.visit(this.#state, this.#steps);
    return report;
  }

  #enter(epoch: number): void {
    if (epoch === this.#epoch) return;
    const { order } = this.#job;
    order.set(epochOrder(this.#options.schedule.seed, epoch, order.length));
    this.#epoch = epoch;
  }

  /** The weights that the next step computes with. */
  #view(): Float32Array {
    const { weights } = this.#job;
    if (this.#constraint.view === undefined) weights.set(this.#state.weights);
    else this.#constraint.view(this.#state.weights, weights);
    return weights;
  }
}
