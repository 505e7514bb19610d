import type { Presentation, TrainingSamples, TrainingStep } from '@unpair/training';

/** What a shard worker is started with. Typed arrays lie in shared memory. */
export interface ShardJob extends Presentation {
  readonly step: TrainingStep;
  readonly samples: TrainingSamples;
  readonly batch: number;
  readonly shards: number;
  /** The order of the current epoch, [N]. */
  readonly order: Uint32Array;
  /** Current weights, flat; only read by workers. */
  readonly weights: Float32Array;
  /** One record a shard, written by whoever computes it. */
  readonly records: readonly Float32Array[];
}

/** One shard of one step. */
export interface ShardRequest {
  readonly epoch: number;
  /** Step within the epoch. */
  readonly step: number;
  readonly shard: number;
}

export type ShardReply =
  { readonly kind: 'done'; readonly shard: number } | { readonly kind: 'failed'; readonly message: string };
