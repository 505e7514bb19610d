import { RobustnessError } from '../robustness-error.js';
import type { StepReport } from './state.js';

/** Steps over which the accuracy of batches is averaged. */
const MEMORY = 50;

/** The accuracy below which a classifier has learned nothing: twice chance, and at most half way from chance to 1. */
export function collapsedBelow(classes: number): number {
  return Math.min(2 / classes, (1 + 1 / classes) / 2);
}

/** Watches the steps of a training run for the two ways in which it comes to nothing. */
export class CollapseWatch {
  readonly #threshold: number;
  #accuracy = 1;
  #seen = 0;

  constructor(classes: number) {
    this.#threshold = collapsedBelow(classes);
  }

  /** @throws {RobustnessError} FAILED_PRECONDITION when the loss is no number any more */
  read({ step, loss, accuracy }: StepReport): void {
    if (!Number.isFinite(loss)) {
      throw new RobustnessError(
        `training collapsed at step ${step}: the loss is ${loss}; try a lower rate`,
        'FAILED_PRECONDITION',
      );
    }
    this.#seen += 1;
    this.#accuracy += (accuracy - this.#accuracy) / Math.min(this.#seen, MEMORY);
  }

  /** @throws {RobustnessError} FAILED_PRECONDITION when the recent batches were classified hardly better than by chance */
  judge(step: number): void {
    if (this.#seen === 0 || this.#accuracy >= this.#threshold) return;
    throw new RobustnessError(
      `training collapsed by step ${step}: the accuracy on recent batches is ${this.#accuracy.toFixed(3)}, below ` +
        `${this.#threshold.toFixed(3)}; try a lower rate, more epochs or a milder compression`,
      'FAILED_PRECONDITION',
    );
  }
}
