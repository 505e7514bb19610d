import type { Access, Observe } from '../access.js';
import type { Answer, AttackRun, Request } from '../attack.js';
import type { Sample } from '@unpair/classifiers';
import type { Oracle } from '../oracle.js';
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
  /** Gradients asked of each surrogate. */
  readonly #gradients: number[] = [];

  constructor({ sample, oracle, attack, observe }: SampleRunOptions<A>) {
    this.sample = sample;
    this.oracle = oracle;
    this.#attack = attack;
    this.#observe = observe;
  }

  /** Gradients of the surrogate; of several, of the one that was asked most: those of an ensemble count once. */
  get surrogateQueries(): number {
    return this.#gradients.reduce((most, count) => Math.max(most, count), 0);
  }

  /** Runs the attack to its first request; null when it has none. What it asks of the target fits its budget. */
  start(): Request | null {
    return this.#demand(this.#attack.next());
  }

  /** Hands the attack an answer; returns its next request, or null when the run is over. */
  resume({ kind, inputs, count }: Request, columns: readonly Column[]): Request | null {
    const [first, second, third] = columns.map(({ data }) => data);
    if (first === undefined) throw new TypeError('a batch came back without columns');
    if (kind === 'gradient') {
      if (second === undefined || third === undefined)
        throw new TypeError('a gradient came back without logits');
      return this.#next({ kind, values: first, gradients: second, logits: third });
    }
    if (this.oracle.judge(inputs, first, count) !== 'continue') {
      this.#attack.return();
      return null;
    }
    return this.#next({ kind, remaining: this.oracle.remaining, ...this.#observe(first, count) });
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
    const { surrogate, count } = request;
    this.#gradients[surrogate] = (this.#gradients[surrogate] ?? 0) + count;
    return request;
  }
}
