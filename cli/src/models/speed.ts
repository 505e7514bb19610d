import { createClassifier } from '@unpair/classifiers';
import type { Graph } from '@unpair/graph';
import type { Runtime } from '@unpair/graph';

/** Images in one batch, and milliseconds over which batches are timed. */
const [BATCH, TIMED] = [32, 400] as const;

/**
 * Seconds that a model takes for one image, in batches, on one thread: of the fastest batch, since others may have the
 * machine in between.
 * @param images shape of an image, [C, H, W]
 */
export async function secondsPerImage(
  graph: Graph,
  { runtime, images }: { readonly runtime: Runtime; readonly images: readonly [number, number, number] },
): Promise<number> {
  const model = await createClassifier({ graph, runtime, threads: 1, images });
  try {
    const size = images.reduce((product, side) => product * side, 1);
    const batch = new Float32Array(BATCH * size).fill(0.5);
    await model.logits(batch, BATCH);
    const end = performance.now() + TIMED;
    let least = Infinity;
    do {
      const start = performance.now();
      await model.logits(batch, BATCH);
      least = Math.min(least, performance.now() - start);
    } while (performance.now() < end);
    return least / 1_000 / BATCH;
  } finally {
    await model.close();
  }
}
