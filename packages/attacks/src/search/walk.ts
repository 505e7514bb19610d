import { project } from '@unpair/numerics';
import type { Goal } from '../goal.js';
import type { Problem, Steps } from '../attack.js';
import { query } from '../requests.js';
import { stepUp } from '../transfer/ascent.js';

/** What a walk goes by: larger is nearer to the goal. */
export type Gain = (goal: Goal, logits: Float32Array) => number;

/** A point that moves only where the target's answer says that it is nearer to the goal. */
export class Walk {
  point: Float32Array;
  /** The target's answer at the point. */
  logits: Float32Array;
  readonly #problem: Problem<'logits'>;
  readonly #gainOf: Gain;
  #gain: number;

  /** A walk from the clean input, whose answer is known. */
  constructor(problem: Problem<'logits'>, gainOf: Gain) {
    this.#problem = problem;
    this.#gainOf = gainOf;
    this.point = problem.input;
    this.logits = problem.clean.logits;
    this.#gain = gainOf(problem.goal, this.logits);
  }

  /** Asks at `candidate`, and goes there if that is better. One query, or none where the point is the same. */
  *moveTo(candidate: Float32Array): Steps<'moved' | 'stayed' | 'same', 'logits'> {
    project(candidate, this.#problem.input, this.#problem);
    if (candidate.every((value, i) => value === this.point[i])) return 'same';
    const { logits } = yield* query(this.#problem, candidate);
    const gain = this.#gainOf(this.#problem.goal, logits);
    if (!(gain > this.#gain)) return 'stayed';
    [this.point, this.logits, this.#gain] = [candidate, logits.slice(), gain];
    return 'moved';
  }

  /**
   * Tries a step along a direction, then against it: by its sign under linf, by its unit vector under l2. Says whether
   * the point moved, and otherwise whether anything could be asked.
   */
  *moveAlong(direction: Float32Array, step: number): Steps<'moved' | 'stayed' | 'same', 'logits'> {
    let outcome: 'stayed' | 'same' = 'same';
    for (const size of [step, -step]) {
      const candidate = this.point.slice();
      stepUp(candidate, direction, size, { centre: this.#problem.input, threat: this.#problem });
      const came = yield* this.moveTo(candidate);
      if (came === 'moved') return came;
      if (came === 'stayed') outcome = came;
    }
    return outcome;
  }
}
