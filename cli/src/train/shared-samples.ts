import type { SampleSet } from '@unpair/datasets';
import { slice } from '@unpair/datasets';
import type { TrainingSamples } from '@unpair/training';

/** Copies the first `count` samples of a set (all, for null) to memory that threads share. */
export function shareSamples(
  set: SampleSet,
  count: number | null,
): TrainingSamples & { readonly count: number } {
  const part = count === null ? set : slice(set, 0, count);
  const { images, labels, shape, classes } = part;
  const shared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);
  const pixels =
    images instanceof Uint8Array
      ? new Uint8Array(shared(images.byteLength))
      : new Float32Array(shared(images.byteLength));
  pixels.set(images);
  const sharedLabels = new Int32Array(shared(labels.byteLength));
  sharedLabels.set(labels);
  return { images: pixels, labels: sharedLabels, shape, classes, count: part.count };
}
