import { madeBy, type PlannedTask } from '@unpair/campaign';
import { taskLabel } from './task-label.js';

const sentencesKept = 100;

/** What has gone wrong in a campaign, and what was given up for it. */
export class CampaignFailures {
  readonly #tasks = new Map<number, string>();
  readonly #models = new Map<string, string>();
  readonly #dropped = new Set<number>();
  #problems: readonly string[] = [];
  #failed = 0;

  /** A sentence for each problem of the campaign and for the first hundred tasks: shards often fail for the same reason. */
  get sentences(): readonly string[] {
    return [...this.#problems, ...new Set(this.#tasks.values())].slice(0, sentencesKept);
  }

  get any(): boolean {
    return this.#problems.length > 0 || this.#failed > 0;
  }

  /** Why no task can do any good, whatever is tried again. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Models that could not be derived. */
  get models(): ReadonlyMap<string, string> {
    return this.#models;
  }

  refuse(problems: readonly string[]): void {
    this.#problems = problems;
  }

  /** A task has failed, as it stands now. */
  add(task: PlannedTask, failure: string): void {
    this.#failed++;
    if (this.#tasks.size < sentencesKept) this.#tasks.set(task.index, `${taskLabel(task)}: ${failure}`);
    this.#noteModel(task, failure);
  }

  /** A task that failed has succeeded after all. */
  mend(task: PlannedTask): void {
    this.#failed--;
    this.#tasks.delete(task.index);
    const made = madeBy(task);
    if (made !== undefined) this.#models.delete(made);
  }

  /** A task that has failed no longer counts as one. */
  drop(task: PlannedTask, failure: string): void {
    this.#dropped.add(task.index);
    this.#noteModel(task, failure);
  }

  #noteModel(task: PlannedTask, failure: string): void {
    const made = madeBy(task);
    if (made !== undefined) this.#models.set(made, failure);
  }

  /** A task that failed or was given up is tried again. */
  retry(task: PlannedTask): void {
    if (this.#dropped.delete(task.index)) this.#failed++;
    this.mend(task);
  }

  get dropped(): readonly number[] {
    return [...this.#dropped];
  }

  isDropped(index: number): boolean {
    return this.#dropped.has(index);
  }

  /** Of these, which have failed, none counts as a failure any more; models that could not be made stay unmade. */
  dropAll(failed: Iterable<number>): void {
    for (const index of failed) {
      this.#dropped.add(index);
      this.#tasks.delete(index);
      this.#failed--;
    }
  }
}
