import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Executable, Tensor, Tensors } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import {
  argmax,
  drawPlacement,
  packTensors,
  placeImage,
  smoothTargets,
  unpackTensors,
} from '@unpair/robustness';
import { createRuntime } from '@unpair/runtime';
import type { ShardJob, ShardReply, ShardRequest } from './shard-job.js';
import { recordLayout } from './shard-job.js';

/** Computes shards of training steps on its own thread until it is told to close. */
class ShardWorker {
  readonly #job: ShardJob;
  readonly #executable: Executable;
  readonly #images: Tensor<'float32'>;
  readonly #labels: Tensor<'float32'>;
  readonly #weights: Float32Array;

  constructor(job: ShardJob, executable: Executable) {
    const size = job.batch / job.shards;
    const { shape, classes } = job.samples;
    this.#job = job;
    this.#executable = executable;
    this.#images = float32([size, ...shape], new Float32Array(size * shape[0] * shape[1] * shape[2]));
    this.#labels = float32([size, classes], new Float32Array(size * classes));
    this.#weights = new Float32Array(job.weights.length);
  }

  async compute(request: ShardRequest): Promise<void> {
    const labels = this.#fillBatch(request);
    const { step } = this.#job;
    // A copy, because native code does not take shared memory.
    this.#weights.set(this.#job.weights);
    const results = await this.#executable.run({
      ...unpackTensors(step.weights, this.#weights),
      [step.images]: this.#images,
      [step.labels]: this.#labels,
    });
    this.#writeRecord(request.shard, results, labels);
  }

  /** Places the shard's images and label distributions; returns the labels. */
  #fillBatch({ epoch, step, shard }: ShardRequest): readonly number[] {
    const { samples, order, batch, shards, seed, augmentation, labelSmoothing } = this.#job;
    const size = batch / shards;
    const first = step * batch + shard * size;
    const pixels = samples.shape.reduce((product, dim) => product * dim, 1);
    const indices = Array.from(order.subarray(first, first + size));
    indices.forEach((sample, row) => {
      const image = samples.images.subarray(sample * pixels, (sample + 1) * pixels);
      const placement = drawPlacement(augmentation, seed, epoch, sample);
      const out = this.#images.data.subarray(row * pixels, (row + 1) * pixels);
      placeImage(image, samples.shape, augmentation, placement, out);
    });
    const labels = indices.map((sample) => samples.labels[sample] ?? 0);
    smoothTargets(labels, samples.classes, labelSmoothing, this.#labels.data);
    return labels;
  }

  #writeRecord(shard: number, results: Tensors, labels: readonly number[]): void {
    const { step, records, samples } = this.#job;
    const record = records[shard];
    if (record === undefined) throw new RangeError(`there is no shard ${shard}`);
    const layout = recordLayout(step);
    packTensors(step.weights, renamed(results, step.gradients, step.weights), record);
    packTensors(
      step.statistics,
      renamed(results, step.batchStatistics, step.statistics),
      record.subarray(layout.statistics),
    );
    record[layout.loss] = floats(results, step.loss).reduce((sum, loss) => sum + loss, 0);
    record[layout.correct] = countCorrect(floats(results, step.logits), labels, samples.classes);
  }
}

function renamed(
  results: Tensors,
  outputs: readonly string[],
  names: readonly { readonly name: string }[],
): Tensors {
  return Object.fromEntries(
    names.flatMap(({ name }, index) => {
      const tensor = results[outputs[index] ?? ''];
      return tensor === undefined ? [] : [[name, tensor]];
    }),
  );
}

function floats(results: Tensors, name: string): Float32Array {
  const tensor = results[name];
  if (tensor?.dataType !== 'float32') throw new TypeError(`the training step must give float32 "${name}"`);
  return tensor.data;
}

/** Samples whose largest logit is their label's. */
function countCorrect(logits: Float32Array, labels: readonly number[], classes: number): number {
  return labels.filter((label, row) => {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    return argmax(scores) === label;
  }).length;
}

async function serve(port: MessagePort, job: ShardJob): Promise<void> {
  const runtime = await createRuntime();
  const executable = await runtime.load(job.step.graph);
  const worker = new ShardWorker(job, executable);
  const answer = (reply: ShardReply): void => {
    port.postMessage(reply);
  };
  port.on('message', (request: ShardRequest | 'close') => {
    if (request === 'close') {
      port.close();
      return;
    }
    worker.compute(request).then(
      () => {
        answer({ kind: 'done', shard: request.shard });
      },
      (error: unknown) => {
        answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
      },
    );
  });
  port.once('close', () => void executable.close());
}

if (parentPort === null) throw new Error('shard-worker runs as a worker thread');
await serve(parentPort, workerData as ShardJob);
