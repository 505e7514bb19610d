import type { Classifier, DifferentiableClassifier } from '@unpair/classifiers';

/** One bare batch for so many of the attack's: rare enough to leave caches alone, often enough to see every change. */
const BARE_EVERY = 8;

/** What an attack had the models do. */
export interface Reading {
  /** Evaluations of the target, clean ones included. */
  readonly evaluations: number;
  readonly batches: number;
  /** Seconds inside the target, and inside the surrogate's gradient. */
  readonly targetSeconds: number;
  readonly surrogateSeconds: number;
  /** Bare forward batches that were run in between, and how long they took together. */
  readonly bareBatches: number;
  readonly bareSeconds: number;
}

/**
 * Counts what an attack asks of its models, and now and then runs a full batch through the target on its own account.
 * So the bare rate comes from the same executable and from the same moments: whatever else the machine does meets
 * both.
 */
export class TargetMeter {
  readonly #target: Classifier;
  readonly #bare: Float32Array;
  readonly #batchSize: number;
  #reading = {
    evaluations: 0,
    batches: 0,
    targetSeconds: 0,
    surrogateSeconds: 0,
    bareBatches: 0,
    bareSeconds: 0,
  };

  /** @param bare inputs of one full batch */
  constructor(target: Classifier, bare: Float32Array, batchSize: number) {
    this.#target = target;
    this.#bare = bare;
    this.#batchSize = batchSize;
  }

  get reading(): Reading {
    return this.#reading;
  }

  /** The target, counted. */
  target(): Classifier {
    const { shape, classes } = this.#target;
    return {
      shape,
      classes,
      logits: (inputs, count) => this.#logits(inputs, count),
      close: () => Promise.resolve(),
    };
  }

  /** A surrogate whose gradients are timed. */
  surrogate(model: DifferentiableClassifier): DifferentiableClassifier {
    return {
      shape: model.shape,
      classes: model.classes,
      logits: (inputs, count) => model.logits(inputs, count),
      gradients: async (inputs, objective, count) => {
        const start = performance.now();
        const answer = await model.gradients(inputs, objective, count);
        this.#reading.surrogateSeconds += secondsSince(start);
        return answer;
      },
      close: () => Promise.resolve(),
    };
  }

  async #logits(inputs: Float32Array, count: number): Promise<Float32Array> {
    const reading = this.#reading;
    const start = performance.now();
    const logits = await this.#target.logits(inputs, count);
    reading.targetSeconds += secondsSince(start);
    reading.evaluations += count;
    if (reading.batches++ % BARE_EVERY === 0) await this.#runBare();
    return logits;
  }

  async #runBare(): Promise<void> {
    const start = performance.now();
    await this.#target.logits(this.#bare, this.#batchSize);
    this.#reading.bareSeconds += secondsSince(start);
    this.#reading.bareBatches++;
  }
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
