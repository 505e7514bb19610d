import { UnpairError } from '@unpair/errors';
import { hardlyAboveChance } from '@unpair/numerics';
import type { StepReport } from './state.js';

/** Steps over which the accuracy of batches is averaged. */
const MEMORY = 50;

/** Watches the steps of a training run for the two ways in which it comes to nothing. */
export class CollapseWatch {
  readonly #threshold: number;
  #accuracy = 1;
  #seen = 0;

  constructor(classes: number) {
    this.#threshold = hardlyAboveChance(classes);
  }

  /** @throws {UnpairError} FAILED_PRECONDITION when the loss is NaN */
  read({ step, loss, accuracy }: StepReport): void {
    if (!Number.isFinite(loss)) {
      throw new UnpairError(
        'FAILED_PRECONDITION',
        `training collapsed at step ${step}: the loss is ${loss}; try a lower rate`,
      );
    }
    this.#seen += 1;
    this.#accuracy += (accuracy - this.#accuracy) / Math.min(this.#seen, MEMORY);
  }

  /**
   * @param heldOut accuracy on samples that are not trained on; without it, that of recent batches is judged
   * @throws {UnpairError} FAILED_PRECONDITION when it is hardly better than by chance
   */
  judge(step: number, heldOut?: number): void {
    const accuracy = heldOut ?? this.#accuracy;
    if (this.#seen === 0 || accuracy >= this.#threshold) return;
    const where = heldOut === undefined ? 'recent batches' : 'held-out samples';
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `training collapsed by step ${step}: the accuracy on ${where} is ${accuracy.toFixed(3)}, below ` +
        `${this.#threshold.toFixed(3)}; try a lower rate, more epochs or a milder compression`,
    );
  }
}
