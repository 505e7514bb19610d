import { madeBy, type Plan, type PlannedTask } from '@unpair/campaign';
import { workKindOf, workKinds, type WorkKind } from '@unpair/protocol';

/** Tasks of one kind that wait at most while tasks of another are looked for. */
const mostParked = 10_000;

/**
 * Hands out a plan's tasks in order, each once the models that it needs exist. Tasks met too early wait under the
 * model that they lack, so that no task is looked at more often than it has needs. Where some tasks come first, the
 * others wait until it is opened.
 */
export class ReleaseOrder {
  readonly #plan: Plan;
  readonly #made = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #waiting = new Map<string, number[]>();
  /** Tasks that could run and were not of the kind that was asked for. */
  readonly #parked: Record<WorkKind, number[]> = { train: [], attack: [], measure: [] };
  #ready: number[] = [];
  #cursor = 0;
  #isOpen: boolean;

  /** @param first tasks that come before all others */
  constructor(plan: Plan, first: readonly number[] = []) {
    this.#plan = plan;
    this.#ready = [...first];
    this.#isOpen = first.length === 0;
  }

  /** Lets tasks follow that are not among the first. */
  open(): void {
    this.#isOpen = true;
  }

  /**
   * The next task of a kind that can run; of any kind where none is named. `isPending` tells which tasks still have to; `abandon` is told of tasks that never
   * can, because a model that they need could not be made.
   */
  next(
    isPending: (index: number) => boolean,
    abandon: (task: PlannedTask) => void,
    kind?: WorkKind,
  ): PlannedTask | undefined {
    for (;;) {
      const index = this.#nextIndex(kind);
      if (index === undefined) return undefined;
      if (!isPending(index)) continue;
      const task = this.#plan.task(index);
      const missing = task.needs.find((model) => !this.#made.has(model));
      if (missing === undefined) {
        const own = workKindOf(task.kind);
        if (kind === undefined || kind === own) return task;
        this.#parked[own].push(index);
        continue;
      }
      if (this.#failed.has(missing)) this.#abandon(task, abandon);
      else this.#wait(missing, index);
    }
  }

  #nextIndex(kind: WorkKind | undefined): number | undefined {
    const kinds = kind === undefined ? workKinds : [kind];
    for (const one of kinds) {
      const parked = this.#parked[one].shift();
      if (parked !== undefined) return parked;
    }
    // What is looked at and not wanted is kept, so that there is a bound to it.
    const isFull = workKinds.some((one) => this.#parked[one].length >= mostParked);
    const isOver = isFull || !this.#isOpen || this.#cursor >= this.#plan.size;
    return this.#ready.shift() ?? (isOver ? undefined : this.#cursor++);
  }

  #wait(model: string, index: number): void {
    const waiting = this.#waiting.get(model);
    if (waiting === undefined) this.#waiting.set(model, [index]);
    else waiting.push(index);
  }

  #abandon(task: PlannedTask, abandon: (task: PlannedTask) => void): void {
    const made = madeBy(task);
    if (made !== undefined) this.modelFailed(made);
    abandon(task);
  }

  /** A model exists: what waited for it can be looked at again. */
  modelMade(model: string): void {
    this.#made.add(model);
    this.#wake(model);
  }

  /** A model will never exist: what waited for it comes up again, to be abandoned. */
  modelFailed(model: string): void {
    this.#failed.add(model);
    this.#wake(model);
  }

  #wake(model: string): void {
    this.#ready = [...this.#ready, ...(this.#waiting.get(model) ?? [])];
    this.#waiting.delete(model);
  }

  /** Puts a task back that was handed out but could not be published. */
  putBack(index: number): void {
    this.#ready.unshift(index);
  }
}
