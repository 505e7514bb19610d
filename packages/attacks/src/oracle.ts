import type { Classifier, Sample } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import type { Threat } from '@unpair/numerics';
import { distance, isAdmissible } from '@unpair/numerics';
import type { Finds } from './attack.js';
import type { Goal } from './goal.js';
import { isReached } from './goal.js';

/**
 * What may be asked of a target, and what was: the only place where queries are counted and budgets are enforced.
 *
 * The rule: the clean evaluation is query 0 and reported apart, as is the check of an example rounded to 8 bits. Every
 * other evaluation of the target counts, success checks included; one that was computed is billed even when its answer
 * is not used. A request is billed as a whole, for what the budget leaves of it, so that a count never depends on how
 * requests were put into batches.
 */
export class QueryAccount {
  readonly #budget: number;
  #queries = 0;
  #refused = false;

  /** @param budget queries that may be spent */
  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Queries billed so far. */
  get queries(): number {
    return this.#queries;
  }

  get remaining(): number {
    return this.#budget - this.#queries;
  }

  /** Whether nothing is left, or more was wanted than was left. */
  get isSpent(): boolean {
    return this.#refused || this.remaining === 0;
  }

  /** Bills `wanted` evaluations, or as many as the budget leaves; only the number returned may be computed. */
  grant(wanted: number): number {
    const granted = Math.min(wanted, this.remaining);
    this.#refused = granted < wanted;
    this.#queries += granted;
    return granted;
  }
}

/** Told of so many inputs just before the target is evaluated on them for an attacker. */
export type OnQueries = (count: number) => void;

/** The target as attackers reach it: what an attempt has computed is told even if its results are never seen. */
export function told(
  target: Pick<Classifier, 'logits'>,
  onQueries: OnQueries | undefined,
): Pick<Classifier, 'logits'> {
  return {
    logits: (inputs, count) => {
      onQueries?.(count);
      return target.logits(inputs, count);
    },
  };
}

/** Queries after which rows of attacks that find the nearest say how far that is. */
export const DISTANCE_COUNTS = [100, 300, 1000, 3000, 10_000] as const;

/** How an attack on a sample stands. */
export type Verdict = 'continue' | 'success' | 'exhausted';

/** What an oracle judges by. */
export interface Trial {
  readonly sample: Sample;
  readonly goal: Goal;
  readonly threat: Threat;
  readonly finds: Finds;
  /** Queries that the sample may spend. */
  readonly budget: number;
}

/** The account of one sample with the target, and the judge of what was asked: success is decided here alone. */
export class Oracle extends QueryAccount {
  readonly #trial: Trial;
  #adversarial: Float32Array | null = null;
  #nearest = Infinity;
  readonly #after = new Map<number, number>();

  constructor(trial: Trial) {
    super(trial.budget);
    this.#trial = trial;
  }

  /**
   * A copy of the evaluated input, in [0, 1], that reached the goal: the first within epsilon or, of an attack that
   * finds the nearest, the nearest one, wherever it lies. Null while there is none.
   */
  get adversarial(): Float32Array | null {
    return this.#adversarial;
  }

  /** Whether the adversarial example is one that the threat model allows. */
  get isSuccess(): boolean {
    const { sample, threat } = this.#trial;
    return this.#adversarial !== null && isAdmissible(this.#adversarial, sample.input, threat);
  }

  /**
   * Judges the inputs that the last grant allowed.
   * @param logits [count, classes] of inputs [count, C·H·W]
   */
  judge(inputs: Float32Array, logits: Float32Array, count: number): Verdict {
    const { sample, goal, finds } = this.#trial;
    const [size, classes] = [sample.input.length, logits.length / count];
    for (let row = 0; row < count; row++) {
      if (!isReached(goal, argmax(logits, row * classes, classes))) continue;
      this.#offer(inputs.subarray(row * size, (row + 1) * size), this.queries - count + row + 1);
      if (finds === 'within-epsilon' && this.#adversarial !== null) return 'success';
    }
    return this.isSpent ? 'exhausted' : 'continue';
  }

  /** How far the nearest example was that `count` queries had found, or all that were spent; 0 where there was none. */
  distanceAfter(count: (typeof DISTANCE_COUNTS)[number]): number {
    return this.#after.get(count) ?? 0;
  }

  /** Keeps an input, the `query`-th asked, that reached the goal if it is better than what there was. */
  #offer(input: Float32Array, query: number): void {
    const { sample, threat, finds } = this.#trial;
    const within = finds === 'nearest' ? { ...threat, epsilon: Infinity } : threat;
    if (!isAdmissible(input, sample.input, within)) return;
    const length = distance(input, sample.input)[threat.norm];
    if (length >= this.#nearest) return;
    this.#nearest = length;
    this.#adversarial = input.slice();
    if (finds !== 'nearest') return;
    for (const count of DISTANCE_COUNTS) if (query <= count) this.#after.set(count, length);
  }
}
