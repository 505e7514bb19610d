import type { Training } from '@unpair/protocol';
import type { DifferentiableClassifier } from '@unpair/classifiers';
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
  #progress: ComputeProgress = { queries: 0, images: 0, batches: 0 };
  #reported = 0;

  constructor({ report, interval = 100 }: MeterOptions) {
    this.#report = report;
    this.#interval = interval;
  }

  /** The same classifier, counted. Evaluations of a `target` are queries, its clean ones and those for rounding included. */
  wrap(classifier: DifferentiableClassifier, role: 'target' | 'own'): DifferentiableClassifier {
    const count = (images: number): void => {
      this.#count(images, role === 'target' ? images : 0);
    };
    return {
      shape: classifier.shape,
      classes: classifier.classes,
      logits: async (inputs, images) => {
        count(images);
        return classifier.logits(inputs, images);
      },
      lossGradients: async (inputs, labels, images) => {
        this.#count(images, 0);
        return classifier.lossGradients(inputs, labels, images);
      },
      close: () => classifier.close(),
    };
  }

  /** Counts a step of training over so many images; what there is to say of it is reported at once. */
  trained(images: number, training: Training | undefined): void {
    this.#count(images, 0);
    if (training !== undefined) this.#report({ ...this.#progress, training });
  }

  /** Counts images that the target was asked about outside an attack. */
  queried(images: number): void {
    this.#count(images, images);
  }

  /** Reports the last counts. */
  finish(): void {
    this.#report(this.#progress);
  }

  #count(images: number, queries: number): void {
    const before = this.#progress;
    this.#progress = {
      queries: before.queries + queries,
      images: before.images + images,
      batches: before.batches + 1,
    };
    if (performance.now() - this.#reported < this.#interval) return;
    this.#reported = performance.now();
    this.#report(this.#progress);
  }
}
