import { climbAtOnce } from '@unpair/attacks';
import type { DifferentiableClassifier, ObjectiveGradients } from '@unpair/classifiers';
import { createRandom } from '@unpair/numerics';
import type { Threat } from '@unpair/numerics';
import { randomStart } from '@unpair/numerics';

/** Images of a batch and who they are. */
export interface Points {
  /** [count, C, H, W] in [0, 1]. */
  readonly images: Float32Array;
  /** [count]. */
  readonly labels: Int32Array;
  /** Identities of the images in the data set, [count]: random streams belong to them. */
  readonly indices: ArrayLike<number>;
}

/** Whose streams the random points are drawn from. */
export interface Draw {
  readonly seed: number;
  readonly epoch: number;
}

/** Total length of the steps, in units of epsilon: far enough to cross the ball from wherever they start. */
const REACH = 1.5;

/** Each image moved to a uniformly random point of the ball around it. */
export function noisedPoints(
  { images, indices }: Points,
  threat: Threat,
  { seed, epoch }: Draw,
): Float32Array {
  const moved = new Float32Array(images.length);
  const size = images.length / Math.max(1, indices.length);
  for (let row = 0; row < indices.length; row++) {
    const centre = images.subarray(row * size, (row + 1) * size);
    const random = createRandom({ seed, cell: `unpair/epoch ${epoch}`, sample: indices[row] ?? 0 });
    moved.set(randomStart(centre, threat, random), row * size);
  }
  return moved;
}

/** The input gradients of a model's cross-entropy, [count, C, H, W], at images with their labels. */
export type LossGradients = (
  images: Float32Array,
  labels: Int32Array,
) => Promise<Pick<ObjectiveGradients, 'gradients'>>;

/** Those of a classifier. */
export function lossGradientsOf(model: Pick<DifferentiableClassifier, 'gradients'>): LossGradients {
  return (images, labels) => model.gradients(images, { kind: 'cross-entropy', labels }, labels.length);
}

/** How images are moved against a model. */
export interface Ascent {
  readonly threat: Threat;
  readonly steps: number;
  /** Length of a step. Default: 1.5·epsilon/steps. */
  readonly stepSize?: number;
  /** Where each image stops, as a number of steps. Default: all of them. */
  readonly stops?: readonly number[];
}

/**
 * Each image moved to where a model is fooled: `steps` of projected gradient descent from a random point (Madry et al.
 * 2018). With no steps, the random points.
 */
export async function foolingPoints(
  points: Points,
  gradientsAt: LossGradients,
  { threat, steps, stepSize = (REACH * threat.epsilon) / steps, stops }: Ascent,
  draw: Draw,
): Promise<Float32Array> {
  const count = points.indices.length;
  const moved = noisedPoints(points, threat, draw);
  const climb = { points: moved, centres: points.images, count, threat, steps, stepSize, stops };
  await climbAtOnce(climb, async (images) => (await gradientsAt(images, points.labels)).gradients);
  return moved;
}

/** Points along such paths: each image stops after a random number of steps, from 1 to all. */
export async function pathPoints(
  points: Points,
  gradientsAt: LossGradients,
  ascent: Pick<Ascent, 'threat' | 'steps'>,
  draw: Draw,
): Promise<Float32Array> {
  const stops = Array.from(points.indices, (sample) => {
    const random = createRandom({ seed: draw.seed, cell: `unpair/path ${draw.epoch}`, sample });
    return 1 + random.integer(Math.max(1, ascent.steps));
  });
  return foolingPoints(points, gradientsAt, { ...ascent, stops }, draw);
}
