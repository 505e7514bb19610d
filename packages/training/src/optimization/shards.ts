/**
 * Mean of one flat array per shard, into `out`, added in the order of the shards whoever computed them and whenever
 * they finished: training gives the same bits on any number of workers.
 */
export function averageShards(shards: readonly Float32Array[], out: Float32Array): void {
  out.fill(0);
  for (const shard of shards) {
    for (let index = 0; index < out.length; index++) out[index] = (out[index] ?? 0) + (shard[index] ?? 0);
  }
  const scale = 1 / shards.length;
  for (let index = 0; index < out.length; index++) out[index] = (out[index] ?? 0) * scale;
}

/** Moves running statistics towards those of a batch: running ← keep·running + (1 − keep)·batch. */
export function trackStatistics(running: Float32Array, batch: Float32Array, keep: number): void {
  for (let index = 0; index < running.length; index++) {
    running[index] = keep * (running[index] ?? 0) + (1 - keep) * (batch[index] ?? 0);
  }
}
