import type { Augmentation } from './augmentation.js';
import { drawPlacement, placeImage } from './augmentation.js';
import { smoothTargets } from './targets.js';

/** Labelled images to train on. */
export interface TrainingSamples {
  /** [N,C,H,W]: bytes 0–255, or floats in [0, 1]. */
  readonly images: Uint8Array | Float32Array;
  /** [N]. */
  readonly labels: Int32Array;
  /** [C,H,W]. */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
}

/** What decides how samples are shown, apart from which. */
export interface Presentation {
  readonly seed: number;
  readonly augmentation: Augmentation;
  /** Probability mass that the label gives up to all classes. */
  readonly labelSmoothing: number;
}

/** Where a batch is written: images [S,C,H,W] in [0, 1] and label distributions [S,classes]. */
export interface BatchBuffers {
  readonly images: Float32Array;
  readonly labels: Float32Array;
}

/** Writes the samples at `indices` as `epoch` shows them; returns their labels. */
export function fillBatch(
  samples: TrainingSamples,
  indices: ArrayLike<number>,
  epoch: number,
  { seed, augmentation, labelSmoothing }: Presentation,
  { images, labels }: BatchBuffers,
): readonly number[] {
  const size = samples.shape.reduce((product, dim) => product * dim, 1);
  const chosen = Array.from(indices);
  chosen.forEach((sample, row) => {
    const image = samples.images.subarray(sample * size, (sample + 1) * size);
    const placement = drawPlacement(augmentation, seed, epoch, sample);
    placeImage(image, samples.shape, augmentation, placement, images.subarray(row * size, (row + 1) * size));
  });
  const answers = chosen.map((sample) => samples.labels[sample] ?? 0);
  smoothTargets(answers, samples.classes, labelSmoothing, labels);
  return answers;
}

/** Number of samples. */
export function sampleCount({ labels }: Pick<TrainingSamples, 'labels'>): number {
  return labels.length;
}

/** The first `count` images as floats in [0, 1], [count,C,H,W]. */
export function firstImages({ images, shape }: TrainingSamples, count: number): Float32Array {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const part = images.subarray(0, count * size);
  return part instanceof Float32Array ? part : Float32Array.from(part, (pixel) => pixel / 255);
}

/** The first `count` samples, or all where there are fewer; views, not copies. */
export function firstSamples(samples: TrainingSamples, count: number): TrainingSamples {
  const size = samples.shape.reduce((product, dim) => product * dim, 1);
  const images = samples.images.subarray(0, count * size);
  return { ...samples, images, labels: samples.labels.subarray(0, count) };
}
