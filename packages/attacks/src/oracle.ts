import { argmax } from '@unpair/classifiers';
import type { Sample } from '@unpair/classifiers';
import type { Threat } from '@unpair/numerics';
import { isAdmissible } from '@unpair/numerics';

/** How an attack on a sample stands. */
export type Verdict = 'continue' | 'success' | 'exhausted';

/**
 * The account of one sample with the target: the only place where queries are counted, budgets are enforced and success
 * is decided.
 *
 * The rule: the clean evaluation is query 0 and reported apart. Every other evaluation of the target counts, success
 * checks included; one that was computed is billed even when its answer is not used. A request is billed as a whole,
 * for what the budget leaves of it, so that a count never depends on how requests were put into batches.
 */
export class Oracle {
  readonly #sample: Sample;
  readonly #threat: Threat;
  readonly #budget: number;
  #queries = 0;
  #truncated = false;
  #adversarial: Float32Array | null = null;

  /** @param budget queries that the sample may spend; Infinity for attacks that have none */
  constructor(sample: Sample, threat: Threat, budget: number) {
    this.#sample = sample;
    this.#threat = threat;
    this.#budget = budget;
  }

  /** Queries billed so far. */
  get queries(): number {
    return this.#queries;
  }

  get remaining(): number {
    return this.#budget - this.#queries;
  }

  /** A copy of the first evaluated input that the target misclassified within the threat model, if any. */
  get adversarial(): Float32Array | null {
    return this.#adversarial;
  }

  /** Bills `wanted` evaluations, or as many as the budget leaves; only the number returned may be computed. */
  grant(wanted: number): number {
    const granted = Math.min(wanted, this.remaining);
    this.#truncated = granted < wanted;
    this.#queries += granted;
    return granted;
  }

  /**
   * Judges the inputs that the last grant allowed.
   * @param logits [count, classes] of inputs [count, C·H·W]
   */
  judge(inputs: Float32Array, logits: Float32Array, count: number): Verdict {
    const { input: clean, label } = this.#sample;
    const classes = logits.length / count;
    for (let row = 0; row < count; row++) {
      if (argmax(logits, row * classes, classes) === label) continue;
      const input = inputs.subarray(row * clean.length, (row + 1) * clean.length);
      if (isAdmissible(input, clean, this.#threat)) {
        this.#adversarial = input.slice();
        return 'success';
      }
    }
    return this.#truncated || this.remaining === 0 ? 'exhausted' : 'continue';
  }
}
