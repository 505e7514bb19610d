import type { Graph, Runtime, Tensors } from '@unpair/graph';
import type { ShardBatch } from './shards/shard-computer.js';
import { ShardComputer } from './shards/shard-computer.js';
import type { ShardExecutor, ShardJob } from './shards/shard-job.js';
import type { TrainingOptions } from './train.js';
import { train } from './train.js';

/** How shards are computed in this thread. */
interface ExecutionOptions {
  readonly runtime: Runtime;
  /** Threads inside one operator; never changes the result. */
  readonly threads?: number | undefined;
  /** What a shard is fed beside its images, labels and weights, or in their place. */
  readonly feeds?: (shard: ShardBatch) => Promise<Tensors>;
}

export interface FineTuneOptions extends TrainingOptions, ExecutionOptions {}

/** Trains a model further in this thread; see {@link train}. */
export function fineTune({ runtime, threads, feeds, ...options }: FineTuneOptions): Promise<Graph> {
  const execution = { runtime, threads, ...(feeds && { feeds }) };
  return train(options, (job) => computeHere(job, execution));
}

/** Computes one shard after the other. */
async function computeHere(
  job: ShardJob,
  { runtime, threads, feeds }: ExecutionOptions,
): Promise<ShardExecutor> {
  const executable = await runtime.load(job.step.graph, threads === undefined ? {} : { threads });
  const computer = new ShardComputer(job, executable, feeds);
  return {
    compute: async (position) => {
      for (const shard of job.records.keys()) await computer.compute(position, shard);
    },
    close: () => executable.close(),
  };
}
