import type { ShownRows } from '../samples/record.js';
import type { Presentation, TrainingSamples } from '../samples/samples.js';
import type { Descent } from '../state.js';
import type { TrainingStep } from '../step-graph.js';

/** What the shards of every step are computed from. Order, weights and records lie in memory that threads can share. */
export interface ShardJob {
  readonly step: TrainingStep;
  readonly samples: TrainingSamples;
  readonly schedule: Presentation & Pick<Descent, 'batch' | 'shards'>;
  /** What the rows of a shard show; absent for each image once, as it is. */
  readonly shown: ShownRows | undefined;
  /** The order of the current epoch, [N]. */
  readonly order: Uint32Array;
  /** The weights that the step computes with, flat; only read by executors. */
  readonly weights: Float32Array;
  /** One record a shard (see `recordLayout`), written by whoever computes it. */
  readonly records: readonly Float32Array[];
}

/** Which step it is. */
export interface StepPosition {
  readonly epoch: number;
  /** Step within the epoch. */
  readonly step: number;
  /** Share of all steps that are done before this one. */
  readonly progress: number;
}

/** Computes the shards of a job's steps, in this thread or in others. Who computes which never changes the result. */
export interface ShardExecutor {
  /** Computes every shard of a step; afterwards the job's records are filled. */
  compute(position: StepPosition): Promise<void>;
  close(): Promise<void>;
}
