import { runsOf, type Plan, type PlannedTask } from '@unpair/campaign';
import { workKindOf, type Training, type WorkKind } from '@unpair/protocol';
import type { TaskOutcome } from './outcome.js';

/** Results over which it is told how many tasks are worked on at a time. */
const recentResults = 64;

/** A run of tasks of the plan that cost the same. */
interface Block {
  readonly start: number;
  readonly kind: WorkKind;
  /** Tasks that cost about the same have it in common. */
  readonly cost: string;
  /** Runs of a model that one of them may take for its samples, roughly: what tells costs apart before any is measured. */
  readonly runs: number;
  open: number;
}

interface Measured {
  seconds: number;
  tasks: number;
  /** Of one run of a model, in the task that took least for each: others may have loaded the model first. */
  secondsOfRun: number;
}

/** What is left of a campaign's work, by the kinds of its tasks, what its tasks cost, and when it was last heard of them. */
export class Workload {
  readonly #blocks: readonly Block[];
  readonly #seconds: () => number;
  readonly #measured = new Map<string, Measured>();
  readonly #spent: Record<WorkKind, number> = { train: 0, attack: 0, measure: 0 };
  /** Times of the newest results and the seconds that they took. */
  #recent: (readonly [time: number, seconds: number])[] = [];
  #lastSign: number;

  /** @param seconds on a clock that never goes back */
  constructor(plan: Plan, seconds: () => number) {
    this.#seconds = seconds;
    this.#lastSign = seconds();
    this.#blocks = plan.blocks.map((start, at) => ({
      ...{ start, open: (plan.blocks[at + 1] ?? plan.size) - start },
      ...natureOf(plan.task(start)),
    }));
  }

  /** Seconds, on the clock, at which a result came last, or word of training. */
  get lastSign(): number {
    return this.#lastSign;
  }

  /** It was heard of a task. */
  sign(): void {
    this.#lastSign = this.#seconds();
  }

  /** A task has reached its end, or begins anew. */
  move(index: number, isOpen: boolean, wasOpen: boolean): void {
    if (isOpen === wasOpen) return;
    this.#blockOf(index).open += isOpen ? 1 : -1;
  }

  /** A result was taken in. */
  finish({ index, seconds, time }: Pick<TaskOutcome, 'index' | 'seconds' | 'time'>): void {
    this.sign();
    const { kind, cost, runs } = this.#blockOf(index);
    this.#spent[kind] += seconds;
    if (seconds <= 0) return;
    const measured = this.#measured.get(cost) ?? { seconds: 0, tasks: 0, secondsOfRun: Infinity };
    this.#measured.set(cost, measured);
    measured.seconds += seconds;
    if (runs > 0) measured.secondsOfRun = Math.min(measured.secondsOfRun, seconds / runs);
    measured.tasks++;
    this.#recent.push([time.getTime() / 1_000, seconds]);
    if (this.#recent.length > recentResults) this.#recent.shift();
  }

  /** For a while nothing is worked on: that time says nothing of how fast it goes. */
  rest(): void {
    this.#recent = [];
  }

  /** Tasks of a kind that have not reached their end, queued or not. */
  open(kind: WorkKind): number {
    return this.#blocks.reduce((sum, block) => sum + (block.kind === kind ? block.open : 0), 0);
  }

  /** Seconds that workers took for the results of a kind. */
  spent(kind: WorkKind): number {
    return this.#spent[kind];
  }

  /**
   * Seconds until no task is left, from what tasks of each kind took so far, what models in training say of themselves, and how
   * many tasks were worked on at a time; 0 while nothing tells.
   */
  secondsLeft(training: ReadonlyMap<number, Training>): number {
    const left = [...training.values()].map(({ secondsLeft }) => secondsLeft);
    const work = this.#workLeft(training) + left.reduce((sum, seconds) => sum + seconds, 0);
    return Math.max(work / Math.max(this.#atATime(), training.size), ...left, 0);
  }

  #workLeft(training: ReadonlyMap<number, Training>): number {
    const trained = this.#trainingCosts(training);
    let seconds = 0;
    for (const { open, cost, runs, kind, start } of this.#blocks) {
      if (open === 0 || training.has(start)) continue;
      const measured = this.#measured.get(cost);
      const each =
        measured === undefined
          ? (trained.get(cost) ?? (kind === 'train' ? 0 : runs * this.#secondsOfRun()))
          : measured.seconds / measured.tasks;
      seconds += open * each;
    }
    return seconds;
  }

  /** Of models in training, by how they are made, what one takes as a whole. */
  #trainingCosts(training: ReadonlyMap<number, Training>): ReadonlyMap<string, number> {
    const costs = new Map<string, number>();
    for (const [index, { step, steps, secondsLeft }] of training)
      if (step < steps) costs.set(this.#blockOf(index).cost, (secondsLeft * steps) / (steps - step));
    return costs;
  }

  /** Seconds that one run of a model takes, of what tells least of anything else; 0 while nothing was measured. */
  #secondsOfRun(): number {
    const least = Math.min(...[...this.#measured.values()].map(({ secondsOfRun }) => secondsOfRun));
    return Number.isFinite(least) ? least : 0;
  }

  /** Tasks that were worked on at a time, by the broker's clock. */
  #atATime(): number {
    const [first] = this.#recent;
    const last = this.#recent.at(-1);
    if (first === undefined || last === undefined || last[0] <= first[0]) return 1;
    const busy = this.#recent.slice(1).reduce((sum, [, seconds]) => sum + seconds, 0);
    return busy / (last[0] - first[0]);
  }

  #blockOf(index: number): Block {
    let [low, high] = [0, this.#blocks.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#blocks[middle]?.start ?? Infinity) <= index) low = middle;
      else high = middle - 1;
    }
    const block = this.#blocks[low];
    if (block === undefined) throw new RangeError(`Task ${index} is in no block of the plan.`);
    return block;
  }
}

/** What is told of a task before it was worked on. */
function natureOf(task: PlannedTask): Pick<Block, 'kind' | 'cost' | 'runs'> {
  const kind = workKindOf(task.kind);
  if (task.kind === 'derive') return { kind, cost: `derive ${task.recipe}`, runs: 0 };
  const runs = runsOf(task).reduce((sum, each) => sum + each.runs, 0);
  if (task.kind !== 'attack' && task.kind !== 'prepare') return { kind, cost: task.kind, runs };
  const { attack, epsilon, parameters, surrogate } = task.cell;
  const cost = `${task.kind} ${attack} ${epsilon} ${JSON.stringify(parameters)} ${surrogate?.name ?? ''}`;
  return { kind, cost, runs };
}
