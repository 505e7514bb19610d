import { mostQueries, type Campaign, type Plan } from '@unpair/campaign';

/** Whether a task may run under the cap on a campaign's queries: at once, once others have ended, or not at all any more. */
export type Leave = 'now' | 'later' | 'never';

/**
 * What a campaign has asked its targets, and whether it may ask more: under `maxQueries` a task is released only where what
 * is spent, what tasks in flight may take and what it may take itself stay below. What repeated attempts of a task in
 * flight take beyond that is known once they end.
 */
export class TargetQueries {
  readonly #file: Campaign;
  readonly #plan: Plan;
  readonly #leftOut = new Set<number>();
  #accepted = 0;
  #wasted = 0;
  #reserved = 0;

  constructor(file: Campaign, plan: Plan) {
    this.#file = file;
    this.#plan = plan;
  }

  /** Queries of results that count. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Queries of attempts that came to nothing, or too late. */
  get wasted(): number {
    return this.#wasted;
  }

  accept(queries: number): void {
    this.#accepted += queries;
  }

  waste(queries: number): void {
    this.#wasted += queries;
  }

  /** A task was put in flight, or is no longer. */
  move(index: number, isInFlight: boolean): void {
    if (this.#file.maxQueries === undefined) return;
    this.#reserved += (isInFlight ? 1 : -1) * this.#most(index);
  }

  /** Whether a task may be put in flight. One that never may is left out: {@link problems} says so. */
  leave(index: number): Leave {
    const { maxQueries: cap } = this.#file;
    const most = cap === undefined ? 0 : this.#most(index);
    if (cap === undefined || most === 0) return 'now';
    const spent = this.#accepted + this.#wasted;
    if (spent + this.#reserved + most <= cap) return 'now';
    if (spent + most <= cap) return 'later';
    this.#leftOut.add(index);
    return 'never';
  }

  /** A sentence on what was left out; none where nothing was. */
  get problems(): readonly string[] {
    const [count, left] = [this.#leftOut.size, [...this.#leftOut]];
    if (count === 0) return [];
    const most = left.reduce((largest, index) => Math.max(largest, this.#most(index)), 0);
    const tasks = count === 1 ? '1 task was' : `${count} tasks were`;
    const spent = `${this.#accepted + this.#wasted} of maxQueries ${this.#file.maxQueries ?? 0} are spent`;
    return [`${tasks} left out, which may take up to ${most} queries each: ${spent}`];
  }

  #most(index: number): number {
    return mostQueries(this.#plan.task(index), this.#file);
  }
}
