import { Worker } from 'node:worker_threads';
import type { ShardJob, ShardReply, ShardRequest } from './shard-job.js';

/** Threads that compute the shards of a step. Which thread computes which shard has no influence on the results. */
export class ShardPool {
  readonly #workers: readonly Worker[];
  readonly #shards: number;
  /** Rejects when a thread dies. */
  readonly #failure: Promise<never>;

  /** @param workers number of threads; more than there are shards would idle */
  constructor(job: ShardJob, workers: number) {
    this.#shards = job.shards;
    this.#workers = Array.from({ length: Math.min(workers, job.shards) }, () => startWorker(job));
    this.#failure = new Promise((_, reject) => {
      for (const worker of this.#workers) worker.once('error', reject);
    });
    // A failure between two steps is reported by the next one.
    this.#failure.catch(() => undefined);
  }

  /** Computes every shard of a step; afterwards the job's records are filled. @throws {Error} when a thread failed. */
  async compute(epoch: number, step: number): Promise<void> {
    const replies = this.#workers.map((worker, index) => this.#run(worker, index, epoch, step));
    await Promise.race([Promise.all(replies), this.#failure]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(stopWorker));
  }

  async #run(worker: Worker, index: number, epoch: number, step: number): Promise<void> {
    for (let shard = index; shard < this.#shards; shard += this.#workers.length) {
      await ask(worker, { epoch, step, shard });
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

/** From sources (tests, development) the thread has to register the TypeScript loader itself. */
function startWorker(job: ShardJob): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./shard-worker.js', import.meta.url), { workerData: job });
  }
  const loader = import.meta.resolve('tsx/esm/api');
  const entry = new URL('./shard-worker.ts', import.meta.url);
  const source = `import('${loader}').then(({ register }) => { register(); return import('${entry.href}'); })`;
  return new Worker(source, { eval: true, execArgv: ['--conditions=source'], workerData: job });
}
