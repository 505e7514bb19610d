import type { Graph } from '@unpair/graph';
import type { Recipe, TrainingStep } from '@unpair/robustness';
import {
  averageShards,
  buildTrainingStep,
  epochOrder,
  layoutSize,
  learningRate,
  packTensors,
  sgdStep,
  trackStatistics,
  unpackTensors,
  withInitializers,
} from '@unpair/robustness';
import type { TrainingState } from './checkpoint.js';
import type { SharedSamples } from './shard-job.js';
import { recordLayout } from './shard-job.js';
import { ShardPool } from './shard-pool.js';

/** Part of the running statistics that a batch leaves in place. */
const STATISTICS_KEPT = 0.9;

/** What a finished step says of itself. */
export interface StepReport {
  /** Steps done, over all epochs. */
  readonly step: number;
  /** Mean loss of the batch. */
  readonly loss: number;
  /** Fraction of the batch that was classified correctly before the step. */
  readonly accuracy: number;
}

export interface TrainerOptions {
  readonly recipe: Recipe;
  /** Untrained classifier. */
  readonly model: Graph;
  readonly samples: SharedSamples & { readonly count: number };
  readonly workers: number;
}

/** Runs a recipe step by step. The state after step k is the same on any number of workers. */
export class Trainer {
  readonly state: TrainingState;
  readonly stepsPerEpoch: number;
  readonly #options: TrainerOptions;
  readonly #step: TrainingStep;
  readonly #order: Uint32Array;
  readonly #records: readonly Float32Array[];
  readonly #mean: Float32Array;
  readonly #pool: ShardPool;
  #epoch = -1;

  constructor(options: TrainerOptions) {
    const { recipe, model, samples, workers } = options;
    this.#options = options;
    this.#step = buildTrainingStep(model, recipe.batch / recipe.shards);
    const { weights, statistics } = this.#step;
    this.state = {
      step: 0,
      weights: sharedFloats(layoutSize(weights)),
      momentum: new Float32Array(layoutSize(weights)),
      statistics: new Float32Array(layoutSize(statistics)),
    };
    const initial = Object.fromEntries(model.initializers);
    packTensors(weights, initial, this.state.weights);
    packTensors(statistics, initial, this.state.statistics);
    this.stepsPerEpoch = Math.floor(samples.count / recipe.batch);
    this.#order = new Uint32Array(new SharedArrayBuffer(4 * samples.count));
    const { length } = recordLayout(this.#step);
    this.#records = Array.from({ length: recipe.shards }, () => sharedFloats(length));
    this.#mean = new Float32Array(length);
    this.#pool = new ShardPool(this.#job(), workers);
  }

  get steps(): number {
    return this.stepsPerEpoch * this.#options.recipe.epochs;
  }

  /** Computes the next step and updates the state. */
  async advance(): Promise<StepReport> {
    const { recipe } = this.#options;
    const epoch = Math.floor(this.state.step / this.stepsPerEpoch);
    this.#enter(epoch);
    await this.#pool.compute(epoch, this.state.step % this.stepsPerEpoch);
    averageShards(this.#records, this.#mean);
    this.#update();
    this.state.step += 1;
    const { loss, correct } = recordLayout(this.#step);
    const perImage = recipe.shards / recipe.batch;
    return {
      step: this.state.step,
      loss: (this.#mean[loss] ?? 0) * perImage,
      accuracy: (this.#mean[correct] ?? 0) * perImage,
    };
  }

  /** The model with the weights and running statistics of now. */
  model(): Graph {
    const { weights, statistics } = this.#step;
    return withInitializers(this.#options.model, {
      ...unpackTensors(weights, Float32Array.from(this.state.weights)),
      ...unpackTensors(statistics, this.state.statistics),
    });
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #enter(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#order.set(epochOrder(this.#options.recipe.seed, epoch, this.#order.length));
    this.#epoch = epoch;
  }

  #update(): void {
    const { recipe } = this.#options;
    const { peak, warmupEpochs } = recipe.learningRate;
    const warmup = Math.round(warmupEpochs * this.stepsPerEpoch);
    const rate = learningRate({ peak, warmup, steps: this.steps }, this.state.step);
    const layout = recordLayout(this.#step);
    const gradient = this.#mean.subarray(0, layout.statistics);
    // Shards give gradients of their summed losses; the step follows that of the batch's mean loss.
    const scale = recipe.shards / recipe.batch;
    for (let index = 0; index < gradient.length; index++) gradient[index] = (gradient[index] ?? 0) * scale;
    sgdStep({ ...this.state, gradient }, this.#step.weights, rate, recipe.sgd);
    const batch = this.#mean.subarray(layout.statistics, layout.loss);
    trackStatistics(this.state.statistics, batch, STATISTICS_KEPT);
  }

  #job(): ConstructorParameters<typeof ShardPool>[0] {
    const { recipe, samples } = this.#options;
    const { seed, batch, shards, augmentation, labelSmoothing } = recipe;
    return {
      ...{ seed, batch, shards, augmentation, labelSmoothing },
      step: this.#step,
      samples,
      order: this.#order,
      weights: this.state.weights,
      records: this.#records,
    };
  }
}

function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}
