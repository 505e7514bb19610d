import { UnpairError } from '@unpair/errors';
import type { Graph, Tensor } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import type { TrainingState } from './state.js';

type Weights = Pick<TrainingState, 'weights' | 'statistics'>;

/** Names of the states in a checkpoint, before their number. */
const [WEIGHTS, STATISTICS] = ['trajectory weights', 'trajectory statistics'];

/**
 * States at even distances along one run of training, the last at its end; they go into checkpoints, so that a run that was
 * interrupted has them all. It lives as long as the run.
 */
export class Trajectory {
  readonly #count: number;
  readonly #states: Weights[] = [];
  #models: readonly Graph[] = [];

  /** @param count states to keep, at least 1; as many as there are steps where that is fewer */
  constructor(count: number) {
    this.#count = count;
  }

  /** The models of the states, the first first; none before the run has ended. */
  get models(): readonly Graph[] {
    return this.#models;
  }

  /** Sees the state after a step, of so many in all, and keeps a copy where it is due. */
  visit({ step, weights, statistics }: TrainingState, steps: number): void {
    const due = Math.floor((step * this.#count) / steps) - Math.floor(((step - 1) * this.#count) / steps);
    if (due > 0) this.#states.push({ weights: weights.slice(), statistics: statistics.slice() });
  }

  complete(modelOf: (state: Weights) => Graph): void {
    this.#models = this.#states.map(modelOf);
  }

  /** As initializers of a checkpoint. */
  encode(): ReadonlyMap<string, Tensor> {
    return new Map(
      this.#states.flatMap(({ weights, statistics }, at) => [
        [`${WEIGHTS} ${at}`, float32([weights.length], weights)],
        [`${STATISTICS} ${at}`, float32([statistics.length], statistics)],
      ]),
    );
  }

  /** @throws {UnpairError} DATA_LOSS when what the checkpoint has is no state */
  restore(initializers: ReadonlyMap<string, Tensor>): void {
    this.#states.length = 0;
    for (let at = 0; initializers.has(`${WEIGHTS} ${at}`); at++) {
      const [weights, statistics] = [WEIGHTS, STATISTICS].map((name) => initializers.get(`${name} ${at}`));
      if (weights?.dataType !== 'float32' || statistics?.dataType !== 'float32') {
        throw new UnpairError('DATA_LOSS', 'the checkpoint is damaged; remove it to start afresh');
      }
      this.#states.push({ weights: weights.data, statistics: statistics.data });
    }
  }
}
