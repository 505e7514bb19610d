import type { Training } from '@unpair/protocol';

/** The newest that workers said of each task that trains: no more than there are tasks in flight. */
export class ModelsInTraining {
  readonly #newest = new Map<number, Training>();
  readonly #times = new Map<number, number>();

  /** Takes in how the training of a task goes. @param time in seconds, on a clock that never goes back */
  set(index: number, training: Training, time: number): void {
    this.#newest.set(index, training);
    this.#times.set(index, time);
  }

  /** When a task told of itself last; 0 where it has not. */
  toldAt(index: number): number {
    return this.#times.get(index) ?? 0;
  }

  /** The task has ended. */
  delete(index: number): void {
    this.#newest.delete(index);
    this.#times.delete(index);
  }

  clear(): void {
    this.#newest.clear();
    this.#times.clear();
  }

  /** By the positions of their tasks. */
  entries(): ReadonlyMap<number, Training> {
    return this.#newest;
  }

  /** In the order of the plan. */
  all(): readonly Training[] {
    return this.#sorted().map(([, training]) => training);
  }

  /** Stands for the present state: empty where nothing trains, and a function of tasks and steps otherwise. */
  get token(): string {
    return this.#sorted()
      .map(([index, { step }]) => `.${index}-${step}`)
      .join('');
  }

  #sorted(): readonly (readonly [number, Training])[] {
    return [...this.#newest].sort(([a], [b]) => a - b);
  }
}
