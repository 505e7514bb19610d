import type { Augmentation, TrainingStep } from '@unpair/robustness';

/** Labelled images in memory that threads share. */
export interface SharedSamples {
  /** [N,C,H,W]. */
  readonly images: Uint8Array | Float32Array;
  /** [N]. */
  readonly labels: Int32Array;
  /** [C,H,W]. */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
}

/** What a shard worker is started with. Typed arrays lie in shared memory. */
export interface ShardJob {
  readonly step: TrainingStep;
  readonly samples: SharedSamples;
  readonly seed: number;
  readonly batch: number;
  readonly shards: number;
  readonly augmentation: Augmentation;
  readonly labelSmoothing: number;
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

/** Where a record's parts begin: gradients of the summed loss, batch statistics, summed loss, correct answers. */
export function recordLayout({ weights, statistics }: Pick<TrainingStep, 'weights' | 'statistics'>): {
  readonly statistics: number;
  readonly loss: number;
  readonly correct: number;
  readonly length: number;
} {
  const sizeOfAll = (ranges: TrainingStep['weights']): number =>
    ranges.reduce((total, { length }) => total + length, 0);
  const first = sizeOfAll(weights);
  const loss = first + sizeOfAll(statistics);
  return { statistics: first, loss, correct: loss + 1, length: loss + 2 };
}
