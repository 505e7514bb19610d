import type { Graph } from '@unpair/graph';
import type { Recipe, StepReport, TrainingSamples, TrainingState, TrainingStep } from '@unpair/training';
import {
  averageShards,
  buildTrainingStep,
  epochOrder,
  initialState,
  layoutSize,
  modelOf,
  recordLayout,
  updateState,
} from '@unpair/training';
import { ShardPool } from './shard-pool.js';

export interface TrainerOptions {
  readonly recipe: Recipe;
  /** Untrained classifier. */
  readonly model: Graph;
  readonly samples: TrainingSamples & { readonly count: number };
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
    const weights = sharedFloats(layoutSize(this.#step.weights));
    this.state = initialState(model, this.#step, {}, weights);
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
    const epoch = Math.floor(this.state.step / this.stepsPerEpoch);
    this.#enter(epoch);
    await this.#pool.compute(epoch, this.state.step % this.stepsPerEpoch);
    averageShards(this.#records, this.#mean);
    return updateState(this.state, this.#step, this.#mean, this.#options.recipe, this);
  }

  /** The model with the weights and running statistics of now. */
  model(): Graph {
    return modelOf(this.#options.model, this.#step, this.state);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #enter(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#order.set(epochOrder(this.#options.recipe.seed, epoch, this.#order.length));
    this.#epoch = epoch;
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
