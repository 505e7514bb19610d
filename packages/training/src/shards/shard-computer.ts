import type { Executable, Tensor, Tensors } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import { unpackTensors } from '../parameters.js';
import { writeRecord } from '../samples/record.js';
import { fillBatch } from '../samples/samples.js';
import type { ShardJob, StepPosition } from './shard-job.js';

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

/** Computes shards of training steps, one at a time. */
export class ShardComputer {
  readonly #job: ShardJob;
  readonly #executable: Executable;
  readonly #feeds: ((shard: ShardBatch) => Promise<Tensors>) | undefined;
  readonly #size: number;
  readonly #images: Tensor<'float32'>;
  readonly #labels: Tensor<'float32'>;
  readonly #weights: Float32Array;

  /**
   * @param executable of the job's step graph
   * @param feeds what a shard is fed beside its images, labels and weights, or in their place
   */
  constructor(job: ShardJob, executable: Executable, feeds?: (shard: ShardBatch) => Promise<Tensors>) {
    const { schedule, samples, weights } = job;
    this.#job = job;
    this.#executable = executable;
    this.#feeds = feeds;
    const size = schedule.batch / schedule.shards;
    const pixels = samples.shape.reduce((product, dim) => product * dim, 1);
    this.#size = size;
    this.#images = float32([size, ...samples.shape], new Float32Array(size * pixels));
    this.#labels = float32([size, samples.classes], new Float32Array(size * samples.classes));
    this.#weights = new Float32Array(weights.length);
  }

  /** Fills the job's record of one shard of a step. */
  async compute(position: StepPosition, shard: number): Promise<void> {
    const { step, shown, records } = this.#job;
    const record = records[shard];
    if (record === undefined) throw new RangeError(`there is no shard ${shard}`);
    const batch = this.#batch(position, shard);
    const results = await this.#executable.run({
      ...batch.weights,
      [step.images]: batch.images,
      [step.labels]: batch.labels,
      ...(await this.#feeds?.(batch)),
    });
    const { images = batch.answers.keys(), firstClean = 0 } = shown ?? {};
    const labels = Array.from(images, (image) => batch.answers[image] ?? 0);
    writeRecord(step, results, labels, record, { images: batch.answers.length, firstClean });
  }

  #batch({ epoch, step, progress }: StepPosition, shard: number): ShardBatch {
    const { samples, schedule, order, step: graph } = this.#job;
    const first = step * schedule.batch + shard * this.#size;
    const indices = order.subarray(first, first + this.#size);
    const buffers = { images: this.#images.data, labels: this.#labels.data };
    const answers = fillBatch(samples, indices, epoch, schedule, buffers);
    // A copy, because native code does not take shared memory.
    this.#weights.set(this.#job.weights);
    const weights = unpackTensors(graph.weights, this.#weights);
    const shown = { input: graph.images, images: this.#images, labels: this.#labels };
    return { ...shown, answers, indices, epoch, progress, weights };
  }
}
