import type { Progress } from '@unpair/protocol';

/**
 * Where a task of a campaign stands. `done` is for ever; `failed` (it said why it can never succeed) and `dead` are unless
 * another round brings a result. A cancelled task becomes one of them when a result arrives that was on its way, so that
 * the order of arrival makes no difference.
 */
export type TaskState = 'pending' | 'inFlight' | 'done' | 'failed' | 'dead' | 'cancelled';

const order: readonly TaskState[] = ['pending', 'inFlight', 'done', 'failed', 'dead', 'cancelled'];

const hasResult = (state: TaskState): boolean => state === 'done' || state === 'failed' || state === 'dead';

/** Whether a task in this state has yet to reach its end. */
export const isOpen = (state: TaskState): boolean => state === 'pending' || state === 'inFlight';

type OnMove = (index: number, now: TaskState, before: TaskState) => void;

/** One byte for each task of a campaign, and how many tasks are in each state. */
export class TaskStates {
  readonly #states: Uint8Array;
  readonly #counts: Record<TaskState, number>;
  /** All tasks before it have reached their end. */
  #firstOpen = 0;
  readonly #onMove: OnMove;

  /** @param onMove told of every task whose state changes */
  constructor(size: number, onMove: OnMove = () => undefined) {
    this.#states = new Uint8Array(size);
    this.#onMove = onMove;
    this.#counts = { pending: size, inFlight: 0, done: 0, failed: 0, dead: 0, cancelled: 0 };
  }

  get size(): number {
    return this.#states.length;
  }

  /** @throws RangeError for an index outside the plan */
  get(index: number): TaskState {
    const state = order[this.#states[index] ?? -1];
    if (state === undefined) throw new RangeError(`Task ${index} is outside a plan of ${this.size} tasks.`);
    return state;
  }

  /** Moves a task on; false where it cannot move. */
  set(index: number, state: TaskState): boolean {
    const previous = this.get(index);
    if (hasResult(previous) && (state !== 'done' || previous === 'done')) return false;
    if (previous === 'cancelled' && !hasResult(state)) return false;
    this.#move(index, previous, state);
    return true;
  }

  #move(index: number, previous: TaskState, state: TaskState): void {
    this.#states[index] = order.indexOf(state);
    this.#counts[previous]--;
    this.#counts[state]++;
    this.#onMove(index, state, previous);
  }

  /** Moves every task of which `isMoved` is true to another state, also where {@link set} would not. */
  moveAll(state: TaskState, isMoved: (state: TaskState, index: number) => boolean): void {
    for (let index = 0; index < this.size; index++) {
      const previous = this.get(index);
      if (previous !== state && isMoved(previous, index)) this.#move(index, previous, state);
    }
    this.#firstOpen = 0;
  }

  count(state: TaskState): number {
    return this.#counts[state];
  }

  /** Whether every task has reached its end. */
  get ended(): boolean {
    return this.#counts.pending === 0 && this.#counts.inFlight === 0;
  }

  /** The first task that has not reached its end; undefined where all have. */
  firstOpen(): number | undefined {
    while (this.#firstOpen < this.size && !isOpen(this.get(this.#firstOpen))) this.#firstOpen++;
    return this.#firstOpen < this.size ? this.#firstOpen : undefined;
  }

  /** Cancels every task that has not reached its end. */
  cancelRest(): void {
    for (let index = 0; index < this.size; index++) this.set(index, 'cancelled');
  }

  /** Tasks in a state, ascending. */
  *in(state: TaskState): Generator<number, void, undefined> {
    const code = order.indexOf(state);
    for (let index = 0; index < this.size; index++) if (this.#states[index] === code) yield index;
  }
}

/** How many tasks there are, and how many in each state, as clients see it. */
export function progressOf(
  states: TaskStates,
): Pick<Progress, 'tasks' | 'done' | 'inFlight' | 'failed' | 'deadLetters' | 'cancelled'> {
  return {
    tasks: states.size,
    done: states.count('done'),
    inFlight: states.count('inFlight'),
    failed: states.count('failed'),
    deadLetters: states.count('dead'),
    cancelled: states.count('cancelled'),
  };
}
