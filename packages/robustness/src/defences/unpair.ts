import type { Graph, Tensors } from '@unpair/graph';
import { TARGET_GRADIENT, float32 } from '@unpair/graph';
import type { DifferentiableClassifier } from '../classifier.js';
import { createDifferentiableClassifier } from '../graph-classifier.js';
import type { FineTuneOptions, ShardBatch } from '../training/fine-tune.js';
import { fineTune } from '../training/fine-tune.js';
import { buildTrainingStep } from '../training/step-graph.js';
import type { UnpairingObjective } from './objective.js';
import { partsOf, penaltiesOf, unpairs } from './objective.js';
import { foolingPoints, noisedPoints } from './points.js';

export interface UnpairOptions extends Omit<FineTuneOptions, 'buildStep' | 'feeds' | 'judge'> {
  /** The full model, which stays private and as it is: only its input gradients are used. */
  readonly target: Graph;
  readonly objective: UnpairingObjective;
}

/**
 * Similarity-unpairing: fine-tunes a model so that it stays accurate and shares less with the target that an attacker
 * could use. The objective is our own; that of the paper (arXiv 2212.13700) is not published. A function of models,
 * samples, schedule and objective, as {@link fineTune} is; with an objective of zeros, the model itself.
 * @throws {ModelError} when either model is no classifier or cannot be differentiated
 * @throws {RobustnessError} when training collapses
 */
export async function unpair(options: UnpairOptions): Promise<Graph> {
  const { graph, target, objective, runtime, threads, samples, schedule } = options;
  if (!unpairs(objective)) return graph;
  const loading = { graph: target, runtime, images: samples.shape };
  const classifier = await createDifferentiableClassifier(
    threads === undefined ? loading : { ...loading, threads },
  );
  try {
    return await fineTune({
      ...options,
      buildStep: (model, shard) => buildTrainingStep(model, shard, { penalties: penaltiesOf(objective) }),
      // At first the model is wrong on everything that is made to fool its parent.
      judge: 'end',
      feeds: (batch) => feedsOf(batch, classifier, objective, schedule.seed),
    });
  } finally {
    await classifier.close();
  }
}

/** The images that a step is shown in place of clean ones, and the target's gradients where it compares with them. */
async function feedsOf(
  batch: ShardBatch,
  target: DifferentiableClassifier,
  objective: UnpairingObjective,
  seed: number,
): Promise<Tensors> {
  const images = await shownImages(batch, target, objective, seed);
  const shown = { [batch.input]: float32(batch.images.shape, images) };
  if (objective.squaredCosine === 0 && objective.absoluteCosine === 0) return shown;
  const count = batch.answers.length;
  const { gradients } = await target.lossGradients(images, Int32Array.from(batch.answers), count);
  return { ...shown, [TARGET_GRADIENT]: float32(batch.images.shape, gradients) };
}

/** First what fools the target, then noise, then clean images: which samples are where, each epoch shuffles. */
async function shownImages(
  { images: { data }, answers, indices, epoch }: ShardBatch,
  target: DifferentiableClassifier,
  objective: UnpairingObjective,
  seed: number,
): Promise<Float32Array> {
  const size = data.length / answers.length;
  const parts = partsOf(objective, answers.length);
  const points = (first: number, count: number): Parameters<typeof noisedPoints>[0] => ({
    images: data.subarray(first * size, (first + count) * size),
    labels: Int32Array.from(answers.slice(first, first + count)),
    indices: indices.subarray(first, first + count),
  });
  const draw = { seed, epoch };
  const shown = data.slice();
  if (parts.adversarial > 0) {
    shown.set(await foolingPoints(points(0, parts.adversarial), target, objective, draw));
  }
  const noisy = points(parts.adversarial, parts.noise);
  shown.set(noisedPoints(noisy, objective.threat, draw), parts.adversarial * size);
  return shown;
}
