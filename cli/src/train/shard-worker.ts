import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Executable, Tensor } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import { fillBatch, unpackTensors, writeRecord } from '@unpair/training';
import { createRuntime } from '@unpair/runtime';
import type { ShardJob, ShardReply, ShardRequest } from './shard-job.js';

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
    const record = this.#job.records[request.shard];
    if (record === undefined) throw new RangeError(`there is no shard ${request.shard}`);
    writeRecord(step, results, labels, record);
  }

  /** Places the shard's images and label distributions; returns the labels. */
  #fillBatch({ epoch, step, shard }: ShardRequest): readonly number[] {
    const { samples, order, batch, shards } = this.#job;
    const size = batch / shards;
    const first = step * batch + shard * size;
    const buffers = { images: this.#images.data, labels: this.#labels.data };
    return fillBatch(samples, order.subarray(first, first + size), epoch, this.#job, buffers);
  }
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
