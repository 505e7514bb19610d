import { UnpairError } from '@unpair/errors';
import type { Tensor } from '@unpair/graph';
import { hardlyAboveChance } from '@unpair/numerics';
import type { StepReport } from './state.js';

/** Steps over which the accuracy of batches is averaged. */
const MEMORY = 50;
/** Name of the watch in a checkpoint. */
const RECORD = 'collapse watch';

/**
 * Watches the steps of a training run for the two ways in which it comes to nothing. What it remembers goes into checkpoints:
 * a run that goes on is judged by the same steps as one that was never interrupted.
 */
export class CollapseWatch {
  readonly #threshold: number;
  #accuracy = 1;
  #seen = 0;

  constructor(classes: number) {
    this.#threshold = hardlyAboveChance(classes);
  }

  /** As an initializer of a checkpoint. */
  encode(): ReadonlyMap<string, Tensor> {
    const data = new TextEncoder().encode(JSON.stringify([this.#accuracy, this.#seen]));
    return new Map([[RECORD, { dataType: 'uint8', shape: [data.length], data }]]);
  }

  /** @throws {UnpairError} DATA_LOSS when the checkpoint has no such record */
  restore(initializers: ReadonlyMap<string, Tensor>): void {
    const record = initializers.get(RECORD);
    if (record?.dataType !== 'uint8') {
      throw new UnpairError('DATA_LOSS', 'the checkpoint is damaged; remove it to start afresh');
    }
    [this.#accuracy, this.#seen] = JSON.parse(new TextDecoder().decode(record.data)) as [number, number];
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
