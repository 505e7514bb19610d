import type { Answer, AttackRun, Request } from '../attack.js';
import type { Sample } from '@unpair/classifiers';
import type { Oracle } from '../oracle.js';
import type { Column } from './batch-queue.js';

/** A request as the scheduler queues it: only as many inputs as the budget allows. */
export interface Demand {
  readonly kind: Request['kind'];
  readonly inputs: Float32Array;
  readonly count: number;
}

/** One sample under attack: the attack's generator, and the oracle that it asks. */
export class SampleRun {
  readonly sample: Sample;
  readonly oracle: Oracle;
  readonly #attack: AttackRun;
  #surrogateQueries = 0;

  constructor(sample: Sample, oracle: Oracle, attack: AttackRun) {
    this.sample = sample;
    this.oracle = oracle;
    this.#attack = attack;
  }

  get surrogateQueries(): number {
    return this.#surrogateQueries;
  }

  /** Runs the attack to its first request; null when it has none. */
  start(): Demand | null {
    return this.#demand(this.#attack.next());
  }

  /** Hands the attack an answer; returns its next request, or null when the run is over. */
  resume({ kind, inputs, count }: Demand, columns: readonly Column[]): Demand | null {
    const [first, second, third] = columns.map(({ data }) => data);
    if (first === undefined) throw new TypeError('a batch came back without columns');
    if (kind === 'gradient') {
      if (second === undefined || third === undefined)
        throw new TypeError('a gradient came back without logits');
      return this.#next({ kind, losses: first, gradients: second, logits: third });
    }
    if (this.oracle.judge(inputs, first, count) !== 'continue') {
      this.#attack.return();
      return null;
    }
    return this.#next({ kind, logits: first, remaining: this.oracle.remaining });
  }

  #next(answer: Answer): Demand | null {
    return this.#demand(this.#attack.next(answer));
  }

  #demand(step: IteratorResult<Request, void>): Demand | null {
    if (step.done === true) return null;
    const { kind, inputs, count } = step.value;
    if (kind === 'query') {
      const granted = this.oracle.grant(count);
      return granted === 0 ? null : { kind, inputs, count: granted };
    }
    this.#surrogateQueries += count;
    return { kind, inputs, count };
  }
}
