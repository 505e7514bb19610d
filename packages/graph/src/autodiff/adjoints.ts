import type { Emitter } from './emitter.js';
import type { BroadcastAdjoint } from './rule.js';

interface Sum {
  readonly whole: string | undefined;
  readonly broadcast: BroadcastAdjoint | undefined;
}

/** Adjoints by value while a graph is walked backwards; what several consumers contribute is added up. */
export class Adjoints {
  readonly #emit: Emitter;
  readonly #sums = new Map<string, Sum>();

  constructor(emit: Emitter) {
    this.#emit = emit;
  }

  contribute(value: string, adjoint: string | BroadcastAdjoint): void {
    const { whole, broadcast } = this.#sums.get(value) ?? { whole: undefined, broadcast: undefined };
    if (typeof adjoint === 'string') {
      this.#sums.set(value, { whole: this.#add(whole, adjoint), broadcast });
    } else if (broadcast === undefined) {
      this.#sums.set(value, { whole, broadcast: adjoint });
    } else {
      const spread = this.#emit.expandLike(adjoint.value, adjoint.shape, value);
      this.#sums.set(value, { whole: this.#add(whole, spread), broadcast });
    }
  }

  /** The adjoint in the shape of the value; undefined where nothing contributed. */
  get(value: string): string | undefined {
    const sum = this.#sums.get(value);
    if (sum?.broadcast === undefined) return sum?.whole;
    const { broadcast } = sum;
    const whole =
      sum.whole === undefined
        ? this.#emit.expandLike(broadcast.value, broadcast.shape, value)
        : this.#emit.add(sum.whole, broadcast.value);
    this.#sums.set(value, { whole, broadcast: undefined });
    return whole;
  }

  #add(sum: string | undefined, adjoint: string): string {
    return sum === undefined ? adjoint : this.#emit.add(sum, adjoint);
  }
}
