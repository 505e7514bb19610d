import type { Access, Observe } from '../access.js';
import type { Answer, AttackRun, GradientAnswer, Request } from '../attack.js';
import type { Sample } from '@unpair/classifiers';
import type { Oracle } from '../oracle.js';
import { isAskedAgain } from '../requests.js';
import type { Column } from './batch-queue.js';

export interface SampleRunOptions<A extends Access> {
  readonly sample: Sample;
  readonly oracle: Oracle;
  readonly attack: AttackRun<A>;
  /** Leaves of the target's answers what the attack may see. */
  readonly observe: Observe<A>;
}

/** One sample under attack: the attack's generator, and the oracle that it asks. */
export class SampleRun<A extends Access = Access> {
  readonly sample: Sample;
  readonly oracle: Oracle;
  readonly #attack: AttackRun<A>;
  readonly #observe: Observe<A>;
  readonly #forwards: number[] = [];
  /** Gradients asked of each surrogate, those that were 0 everywhere, and those with NaN or infinite entries. */
  readonly #gradients: number[] = [];
  readonly #zero: number[] = [];
  readonly #invalid: number[] = [];

  constructor({ sample, oracle, attack, observe }: SampleRunOptions<A>) {
    this.sample = sample;
    this.oracle = oracle;
    this.#attack = attack;
    this.#observe = observe;
  }

  /** Gradients of the surrogate; of several, of the one that was asked most: those of an ensemble count once. */
  get surrogateQueries(): number {
    return most(this.#gradients);
  }

  /** Forward passes of the surrogate without a gradient; of several, of the one that was asked most. */
  get surrogateForwards(): number {
    return most(this.#forwards);
  }

  /** Those that were 0 everywhere, and so had no direction. */
  get zeroGradients(): number {
    return most(this.#zero);
  }

  /** Those that had entries that are no finite numbers. */
  get invalidGradients(): number {
    return most(this.#invalid);
  }

  /** Runs the attack to its first request; null when it has none. What it asks of the target fits its budget. */
  start(): Request | null {
    return this.#demand(this.#attack.next());
  }

  /** Hands the attack an answer; returns its next request, or null when the run is over. */
  resume(request: Request, columns: readonly Column[]): Request | null {
    const [first, second, third, fourth] = columns.map(({ data }) => data);
    if (first === undefined) throw new TypeError('a batch came back without columns');
    if (request.kind === 'forward') return this.#next({ kind: 'forward', logits: first });
    if (request.kind === 'gradient') {
      if (second === undefined || third === undefined || fourth === undefined)
        throw new TypeError('a gradient came back without logits');
      const { kind, surrogate, inputs } = request;
      const answer = {
        kind,
        values: first,
        gradients: second,
        logits: third,
        invalid: Int32Array.from(fourth),
      };
      if (!isAskedAgain(inputs, answer)) this.#examine(surrogate, answer);
      return this.#next(answer);
    }
    const { kind, inputs, count } = request;
    if (this.oracle.judge(inputs, first, count) !== 'continue') {
      this.#attack.return();
      return null;
    }
    return this.#next({ kind, remaining: this.oracle.remaining, ...this.#observe(first, count) });
  }

  #examine(surrogate: number, { gradients, invalid }: Pick<GradientAnswer, 'gradients' | 'invalid'>): void {
    const size = gradients.length / invalid.length;
    invalid.forEach((entries, row) => {
      const own = gradients.subarray(row * size, (row + 1) * size);
      if (entries > 0) addTo(this.#invalid, surrogate, 1);
      if (own.every((value) => value === 0)) addTo(this.#zero, surrogate, 1);
    });
  }

  #next(answer: Answer<A>): Request | null {
    return this.#demand(this.#attack.next(answer));
  }

  #demand(step: IteratorResult<Request, void>): Request | null {
    if (step.done === true) return null;
    const request = step.value;
    if (request.kind === 'query') {
      const granted = this.oracle.grant(request.count);
      return granted === 0 ? null : { ...request, count: granted };
    }
    addTo(request.kind === 'forward' ? this.#forwards : this.#gradients, request.surrogate, request.count);
    return request;
  }
}

function addTo(counts: number[], surrogate: number, count: number): void {
  counts[surrogate] = (counts[surrogate] ?? 0) + count;
}

/** Of several surrogates, the count of the one that has most. */
function most(counts: readonly number[]): number {
  return counts.reduce((largest, count) => Math.max(largest, count), 0);
}
