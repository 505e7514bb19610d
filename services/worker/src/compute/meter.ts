import type { Training } from '@unpair/protocol';
import type { Classifier, DifferentiableClassifier } from '@unpair/classifiers';
import type { ComputeProgress } from './messages.js';

export interface MeterOptions {
  readonly report: (progress: ComputeProgress) => void;
  /** Milliseconds between two reports; batches come much faster. */
  readonly interval?: number;
}

/** Counts what one request has models do, and says so now and then: what would be lost if the process died here. */
export class Meter {
  readonly #report: (progress: ComputeProgress) => void;
  readonly #interval: number;
  #progress: ComputeProgress = { queries: 0, images: 0, batches: 0, retries: 0 };
  #reported = 0;

  constructor({ report, interval = 100 }: MeterOptions) {
    this.#report = report;
    this.#interval = interval;
  }

  /** The same classifier, with all that it evaluates counted. Which of that are queries, the oracle says: {@link queried}. */
  wrap(classifier: DifferentiableClassifier): DifferentiableClassifier {
    return {
      ...this.wrapAsked(classifier),
      gradients: async (inputs, objective, images) => {
        this.evaluated(images);
        return classifier.gradients(inputs, objective, images);
      },
    };
  }

  /** The same for a model that only answers. */
  wrapAsked(classifier: Classifier): Classifier {
    return {
      shape: classifier.shape,
      classes: classifier.classes,
      logits: async (inputs, images) => {
        this.evaluated(images);
        return classifier.logits(inputs, images);
      },
      close: () => classifier.close(),
    };
  }

  /** Counts a step of training over so many images; what there is to say of it is reported at once. */
  trained(images: number, training: Training | undefined): void {
    this.evaluated(images);
    if (training !== undefined) this.#report({ ...this.#progress, training });
  }

  /** Counts a batch of so many images that some model evaluates. */
  evaluated(images: number): void {
    const { images: before, batches } = this.#progress;
    this.#update({ images: before + images, batches: batches + 1 });
  }

  /** Counts what the oracle bills. */
  queried(queries: number): void {
    this.#update({ queries: this.#progress.queries + queries });
  }

  /** Counts a request to an endpoint that has to be repeated. */
  retried(): void {
    this.#update({ retries: this.#progress.retries + 1 });
  }

  /** Reports the last counts. */
  finish(): void {
    this.#report(this.#progress);
  }

  #update(counts: Partial<ComputeProgress>): void {
    this.#progress = { ...this.#progress, ...counts };
    if (performance.now() - this.#reported < this.#interval) return;
    this.#reported = performance.now();
    this.#report(this.#progress);
  }
}
