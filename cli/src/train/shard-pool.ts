import type { Worker } from 'node:worker_threads';
import { startThread } from '@unpair/platform';
import type { ShardExecutor, ShardJob, StepPosition } from '@unpair/training';

/** One shard of one step. */
export interface ShardRequest extends StepPosition {
  readonly shard: number;
}

export type ShardReply = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly message: string };

/** Threads that compute the shards of a step. Which thread computes which shard has no influence on the results. */
export class ShardPool implements ShardExecutor {
  readonly #workers: readonly Worker[];
  readonly #shards: number;
  /** Rejects when a thread dies. */
  readonly #failure: Promise<never>;

  /**
   * @param job whose samples lie in memory that threads share (see `shareSamples`)
   * @param workers number of threads; more than there are shards would idle
   */
  constructor(job: ShardJob, workers: number) {
    const { shards } = job.schedule;
    this.#shards = shards;
    this.#workers = Array.from({ length: Math.min(workers, shards) }, () =>
      startThread('./shard-worker', import.meta.url, job),
    );
    this.#failure = new Promise((_, reject) => {
      for (const worker of this.#workers) worker.once('error', reject);
    });
    // A failure between two steps is reported by the next one.
    this.#failure.catch(() => undefined);
  }

  /** @throws {Error} when a thread failed. */
  async compute(position: StepPosition): Promise<void> {
    const replies = this.#workers.map((worker, index) => this.#run(worker, index, position));
    await Promise.race([Promise.all(replies), this.#failure]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(stopWorker));
  }

  async #run(worker: Worker, index: number, position: StepPosition): Promise<void> {
    for (let shard = index; shard < this.#shards; shard += this.#workers.length) {
      await ask(worker, { ...position, shard });
    }
  }
}

async function ask(worker: Worker, request: ShardRequest): Promise<void> {
  const answer = new Promise<ShardReply>((resolve) => {
    worker.once('message', resolve);
  });
  worker.postMessage(request);
  const reply = await answer;
  if (reply.kind === 'failed') throw new Error(reply.message);
}

async function stopWorker(worker: Worker): Promise<void> {
  if (worker.threadId < 0) return;
  const stopped = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('close');
  await stopped;
}
