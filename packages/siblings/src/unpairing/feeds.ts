import type { Graph, Tensor, Tensors } from '@unpair/graph';
import {
  LABELS,
  ModelError,
  TARGET_GRADIENT,
  TARGET_GRAM,
  TEACHER_LOGITS,
  float32,
  isCosine,
  termWeights,
} from '@unpair/graph';
import type { Classifier, DifferentiableClassifier } from '@unpair/classifiers';
import type { FeatureExtractor } from '@unpair/classifiers';
import { createFeatureExtractor } from '@unpair/classifiers';
import { createClassifier, createDifferentiableClassifier } from '@unpair/classifiers';
import type { FineTuneOptions, ShardBatch } from '@unpair/training';
import type { TrainingRow, UnpairingObjective } from './objective.js';
import { activeTerms, rowWeights } from './objective.js';
import type { OwnGradient } from './own-gradient.js';
import { loadOwnGradient } from './own-gradient.js';
import type { Points } from './points.js';
import { foolingPoints, lossGradientsOf, noisedPoints, pathPoints } from './points.js';
import type { RowPlan } from './row-plan.js';
import { planRows } from './row-plan.js';
import { normalizedGram } from './target-gram.js';

type FeedOptions = Pick<FineTuneOptions, 'graph' | 'runtime' | 'threads' | 'samples' | 'schedule'> & {
  readonly target: Graph;
  readonly objective: UnpairingObjective;
};

/** The models that a batch is moved by and compared with; those that the objective does not need are not loaded. */
interface Models {
  readonly target: DifferentiableClassifier;
  readonly teacher: Classifier | undefined;
  readonly features: FeatureExtractor | undefined;
  readonly own: OwnGradient | undefined;
}

/** What a batch shows and what it is compared with, to be fed to the training step. */
interface Shown {
  /** [rows, C, H, W] */
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** Feeds the steps of unpairing; holds the models for that until it is closed. */
export class UnpairingFeeds {
  readonly #objective: UnpairingObjective;
  readonly #models: Models;
  readonly #seed: number;
  readonly plan: RowPlan;

  private constructor({ objective, schedule }: FeedOptions, plan: RowPlan, models: Models) {
    this.#objective = objective;
    this.#models = models;
    this.#seed = schedule.seed;
    this.plan = plan;
  }

  /**
   * @throws {ModelError} when a model is no classifier, or the target has no features that the objective compares
   * @throws {UnpairError} for parts of a batch that are more than all of it
   */
  static async open(options: FeedOptions): Promise<UnpairingFeeds> {
    const { objective, schedule } = options;
    const plan = planRows(objective, schedule.batch / schedule.shards);
    return new UnpairingFeeds(options, plan, await loadModels(options, countOf(plan, 'path')));
  }

  async feeds(batch: ShardBatch): Promise<Tensors> {
    const shown = await this.#show(batch);
    const count = this.plan.kinds.length;
    const [, ...shape] = batch.images.shape;
    const weights = activeTerms(this.#objective).map((term) => {
      const rows = rowWeights(term, this.plan.kinds, this.#objective, batch.progress);
      return [termWeights(term.term), float32([count], rows)] as const;
    });
    return {
      [batch.input]: float32([count, ...shape], shown.images),
      [LABELS]: rowsOf(batch.labels, this.plan.images),
      ...Object.fromEntries(weights),
      ...(await this.#compared(batch, shown, shape)),
    };
  }

  async close(): Promise<void> {
    await closeAll(Object.values(this.#models) as readonly (Closable | undefined)[]);
  }

  /** The rows of a batch, moved as the plan has them. */
  async #show(batch: ShardBatch): Promise<Shown> {
    const { images, firstClean } = this.plan;
    const labels = Int32Array.from(images, (image) => batch.answers[image] ?? 0);
    const shown = rowsOf(batch.images, images).data;
    const size = shown.length / images.length;
    const draw = { seed: this.#seed, epoch: batch.epoch };
    const { target, own } = this.#models;
    const targets = lossGradientsOf(target);
    const moves: Readonly<Record<Exclude<TrainingRow, 'clean'>, (points: Points) => Promise<Float32Array>>> =
      {
        adversarial: (points) => foolingPoints(points, targets, this.#objective, draw),
        noise: (points) => Promise.resolve(noisedPoints(points, this.#objective.threat, draw)),
        path: (points) => pathPoints(points, own?.with(batch.weights) ?? targets, this.#objective, draw),
      };
    for (let first = 0, count = 0; first < firstClean; first += count) {
      const kind = this.plan.kinds[first] as Exclude<TrainingRow, 'clean'>;
      count = countOf(this.plan, kind);
      const [from, to] = [first, first + count];
      const indices = images.slice(from, to).map((image) => batch.indices[image] ?? 0);
      const points = { images: shown.slice(from * size, to * size), labels: labels.slice(from, to), indices };
      shown.set(await moves[kind](points), from * size);
    }
    return { images: shown, labels };
  }

  /** What the terms compare with. */
  async #compared(
    { images: unmoved }: ShardBatch,
    { images, labels }: Shown,
    shape: readonly number[],
  ): Promise<Tensors> {
    const { target, teacher, features } = this.#models;
    const count = labels.length;
    const terms = activeTerms(this.#objective).map(({ term }) => term);
    const feeds: Record<string, Tensors[string]> = {};
    if (terms.some(isCosine)) {
      const gradients = await this.#targetGradients(target, { images, labels });
      feeds[TARGET_GRADIENT] = float32([count, ...shape], gradients);
    }
    if (teacher !== undefined) {
      feeds[TEACHER_LOGITS] = await this.#answers(teacher, unmoved);
    }
    if (features !== undefined) {
      feeds[TARGET_GRAM] = normalizedGram(await features.features(images, count), count);
    }
    return feeds;
  }

  /** The target's input gradients on the rows that are penalized; zeros elsewhere. */
  async #targetGradients(target: DifferentiableClassifier, { images, labels }: Shown): Promise<Float32Array> {
    const size = images.length / labels.length;
    const [first, end] = this.#penalizedRows();
    const part = images.slice(first * size, end * size);
    const { gradients } = await lossGradientsOf(target)(part, labels.slice(first, end));
    const all = new Float32Array(images.length);
    all.set(gradients, first * size);
    return all;
  }

  /** The run of rows in which all that are penalized lie. */
  #penalizedRows(): readonly [first: number, end: number] {
    const { kinds, firstClean } = this.plan;
    if (this.#objective.penalized === 'moved') return [0, firstClean];
    const path = kinds.indexOf('path');
    return this.#objective.penalized === 'all'
      ? [0, kinds.length]
      : [path < 0 ? firstClean : path, kinds.length];
  }

  /** What a teacher answers to the unmoved image of each row: where the target is fooled, it is no teacher. */
  async #answers(teacher: Classifier, { data, shape: [count = 0] }: ShardBatch['images']): Promise<Tensor> {
    const logits = float32([count, teacher.classes], await teacher.logits(data, count));
    return rowsOf(logits, this.plan.images);
  }
}

interface Closable {
  close(): Promise<void>;
}

async function loadModels(options: FeedOptions, pathRows: number): Promise<Models> {
  const { graph, target, runtime, threads, samples, objective } = options;
  const terms = activeTerms(objective).map(({ term }) => term);
  const load = (model: Graph): Parameters<typeof createClassifier>[0] => ({
    graph: model,
    runtime,
    images: samples.shape,
    ...(threads !== undefined && { threads }),
  });
  const teacher = objective.teacher === 'of' ? graph : target;
  const loaded: Closable[] = [];
  const keep = async <T extends Closable>(loading: Promise<T>): Promise<T> => {
    const model = await loading;
    loaded.push(model);
    return model;
  };
  try {
    return {
      target: await keep(createDifferentiableClassifier(load(target))),
      teacher: terms.includes('distillation') ? await keep(createClassifier(load(teacher))) : undefined,
      features: terms.includes('feature-alignment') ? await keep(extractorOf(load(target))) : undefined,
      own:
        pathRows > 0 ? await keep(loadOwnGradient({ graph, runtime, threads, rows: pathRows })) : undefined,
    };
  } catch (error) {
    await closeAll(loaded);
    throw error;
  }
}

async function extractorOf(options: Parameters<typeof createFeatureExtractor>[0]): Promise<FeatureExtractor> {
  const extractor = await createFeatureExtractor(options);
  if (extractor !== undefined) return extractor;
  throw new ModelError(
    `model "${options.graph.name}" has no last linear layer, so no features to compare; set features to 0`,
  );
}

async function closeAll(models: readonly (Closable | undefined)[]): Promise<void> {
  await Promise.all(models.flatMap((model) => (model === undefined ? [] : [model.close()])));
}

function countOf({ kinds }: RowPlan, kind: TrainingRow): number {
  return kinds.filter((other) => other === kind).length;
}

/** Copies of some rows of a tensor [N, …]. */
function rowsOf(
  { data, shape: [rows = 1, ...shape] }: { readonly data: Float32Array; readonly shape: readonly number[] },
  chosen: readonly number[],
): ReturnType<typeof float32> {
  const size = data.length / rows;
  const copy = new Float32Array(chosen.length * size);
  chosen.forEach((row, at) => {
    copy.set(data.subarray(row * size, (row + 1) * size), at * size);
  });
  return float32([chosen.length, ...shape], copy);
}
