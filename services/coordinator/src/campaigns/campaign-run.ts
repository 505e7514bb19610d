import { AccuracyGate, type Campaign as CampaignFile, type Plan, type PlannedTask } from '@unpair/campaign';
import {
  CampaignState,
  type Campaign,
  type CampaignRecord,
  type ModelSource,
  type Task,
  type Training,
} from '@unpair/protocol';
import { ChangeSignal } from './change-signal.js';
import { ModelsInTraining } from './models-in-training.js';
import type { TaskOutcome } from './outcome.js';
import { taskLabel } from './task-label.js';
import { Pace } from './pace.js';
import { ReleaseOrder } from './release-order.js';
import { taskMessage } from './task-message.js';
import { TaskStates, type TaskState } from './task-states.js';

export interface CampaignRunOptions {
  readonly record: CampaignRecord;
  readonly file: CampaignFile;
  readonly plan: Plan;
  /** Seconds on a clock that never goes back, for the time left. */
  readonly seconds: () => number;
}

const failuresKept = 100;

/**
 * One campaign as the coordinator holds it in memory: which tasks are where, and what comes next. A pure fold over the
 * campaign's record, its results and what is queued, so a restart arrives at the same state.
 */
export class CampaignRun {
  readonly id: string;
  readonly file: CampaignFile;
  readonly plan: Plan;
  /** Fires whenever a new {@link snapshot} would differ. */
  readonly changes = new ChangeSignal();
  readonly #digests: Map<string, string>;
  readonly #states: TaskStates;
  readonly #gate: AccuracyGate;
  readonly #order: ReleaseOrder;
  readonly #pace: Pace;
  readonly #failures = new Set<string>();
  readonly #modelFailures = new Map<string, string>();
  readonly #generations = new Map<number, number>();
  readonly #training = new ModelsInTraining();
  #record: CampaignRecord;
  #queries = 0;
  #wastedQueries = 0;
  #sequence = 0;
  #lastResult: Date | undefined;

  constructor({ record, file, plan, seconds }: CampaignRunOptions) {
    this.id = record.id;
    this.file = file;
    this.plan = plan;
    this.#record = record;
    this.#digests = new Map(Object.entries(record.request?.models ?? {}));
    this.#states = new TaskStates(plan.size);
    this.#gate = new AccuracyGate(file, plan);
    this.#order = new ReleaseOrder(plan, this.#gate.tasks);
    this.#pace = new Pace(seconds);
    if (record.cancelTime !== undefined) this.#states.cancelRest();
  }

  get record(): CampaignRecord {
    return this.#record;
  }

  get ended(): boolean {
    return this.#states.ended;
  }

  /** Target queries of attempts that came too late. */
  get wastedQueries(): number {
    return this.#wastedQueries;
  }

  count(state: TaskState): number {
    return this.#states.count(state);
  }

  /** Tasks that were published and have no result yet. */
  inFlight(): number[] {
    return [...this.#states.in('inFlight')];
  }

  /** The published file that a model was made from, as far as the client told. */
  source(model: string): ModelSource | undefined {
    const sources = this.#record.request?.sources ?? {};
    return Object.hasOwn(sources, model) ? sources[model] : undefined;
  }

  /** SHA-256 of a model's file; undefined while it does not exist. */
  digest(model: string): string | undefined {
    return this.#digests.get(model);
  }

  /** Why a model could not be derived; undefined while nothing says so. */
  modelFailure(model: string): string | undefined {
    return this.#modelFailures.get(model);
  }

  /** Takes the next task that can run, as a message; it counts as in flight from then on. */
  next(): Task | undefined {
    const isPending = (index: number): boolean => this.#states.get(index) === 'pending';
    const before = this.#states.count('cancelled');
    const planned = this.#order.next(isPending, (task) => {
      this.#states.set(task.index, 'cancelled');
    });
    if (planned !== undefined) this.#states.set(planned.index, 'inFlight');
    if (planned !== undefined || this.#states.count('cancelled') !== before) this.changes.notify();
    return planned === undefined ? undefined : this.#message(planned, this.generation(planned.index));
  }

  #message(planned: PlannedTask, generation: number): Task {
    return taskMessage({
      planned,
      generation,
      record: this.#record,
      file: this.file,
      digests: this.#digests,
    });
  }

  /** Undoes {@link next} for a task that could not be published. */
  putBack(index: number): void {
    if (this.#states.set(index, 'pending')) this.#order.putBack(index);
  }

  /** The message of a task that has to be published once more, under a new message id: {@link requeued} says that it was. */
  again(index: number): Task {
    return this.#message(this.plan.task(index), this.generation(index) + 1);
  }

  /** Counts a task that is in the queue once more. */
  requeued(index: number): void {
    this.#generations.set(index, this.generation(index) + 1);
  }

  /** How often a task was published again. */
  generation(index: number): number {
    return this.#generations.get(index) ?? 0;
  }

  /** Notes that a task is in the queue already: published before this process started. */
  markInFlight(index: number): void {
    if (index < this.plan.size && this.#states.set(index, 'inFlight')) this.changes.notify();
  }

  /** Whether a task has been published and has no result yet. */
  isInFlight(index: number): boolean {
    return this.#states.get(index) === 'inFlight';
  }

  /** Takes in what a model answered, each answer once, before the result that brought it is accepted. */
  answered(...[model, answers]: Parameters<AccuracyGate['count']>): void {
    this.#gate.count(model, answers);
  }

  /** Takes in an accepted result. */
  accept(outcome: TaskOutcome): void {
    this.#sequence = Math.max(this.#sequence, outcome.sequence);
    this.#queries += outcome.queries;
    if (!this.#states.set(outcome.index, outcome.kind)) return;
    this.#lastResult = outcome.time;
    // How long models took to make says nothing of the tasks that follow, a thousand times as many.
    if (this.#stage() !== 'derive') this.#pace.finish();
    this.#generations.delete(outcome.index);
    this.#training.delete(outcome.index);
    if (outcome.derived !== undefined) this.#adopt(outcome.derived);
    if (outcome.kind !== 'done') this.#fail(outcome);
    this.#pass(outcome.index);
    this.changes.notify();
  }

  /** Lets the work begin once the gate is passed, or ends the campaign there. */
  #pass(index: number): void {
    const problems = this.#gate.end(index);
    if (problems === undefined) return;
    for (const problem of problems) this.#failures.add(problem);
    if (problems.length > 0) this.#states.cancelRest();
    else this.#order.open();
  }

  #adopt({ model, digest }: { readonly model: string; readonly digest: string }): void {
    this.#digests.set(model, digest);
    this.#order.modelMade(model);
  }

  #fail({ index, failure }: TaskOutcome): void {
    const planned = this.plan.task(index);
    // Shards of one cell often fail for the same reason.
    if (this.#failures.size < failuresKept) this.#failures.add(`${taskLabel(planned)}: ${failure}`);
    if (planned.kind !== 'derive') return;
    this.#modelFailures.set(planned.model, failure);
    this.#order.modelFailed(planned.model);
  }

  /** Takes in how the training of a model goes; nothing unless its task is in flight. */
  train(index: number, training: Training): void {
    if (index >= this.plan.size || this.#states.get(index) !== 'inFlight') return;
    const planned = this.plan.task(index);
    if (planned.kind !== 'derive' || planned.model !== training.model) return;
    this.#training.set(index, training);
    this.changes.notify();
  }

  /** How every model that is in training comes along. */
  training(): readonly Training[] {
    return this.#training.all();
  }

  /** Takes in queries that were spent on a result that came too late. */
  waste(queries: number): void {
    this.#wastedQueries += queries;
  }

  /** Ends the campaign: every task without a result counts as cancelled. */
  cancel(record: CampaignRecord): void {
    this.#record = record;
    this.#states.cancelRest();
    this.#training.clear();
    this.changes.notify();
  }

  get state(): CampaignState {
    if (this.#record.cancelTime !== undefined) return CampaignState.CANCELLED;
    if (!this.ended) return CampaignState.RUNNING;
    return this.#failures.size > 0 ? CampaignState.FAILED : CampaignState.SUCCEEDED;
  }

  /** Stands for the present state, also after a restart: equal tokens, nothing new. */
  get token(): string {
    return `${this.#sequence}.${this.count('inFlight')}.${this.count('cancelled')}${this.#training.token}`;
  }

  /** That of the first task that has not reached its end; empty where all have. */
  #stage(): string {
    const first = this.#states.firstOpen();
    return first === undefined ? '' : this.plan.task(first).stage;
  }

  /** The campaign as clients see it. */
  snapshot(): Campaign {
    const { ended } = this;
    return {
      id: this.id,
      name: this.file.name,
      state: this.state,
      progress: {
        tasks: this.plan.size,
        done: this.count('done'),
        inFlight: this.count('inFlight'),
        failed: this.count('failed'),
        deadLetters: this.count('dead'),
        cancelled: this.count('cancelled'),
        queries: this.#queries,
        secondsLeft: ended ? 0 : this.#pace.secondsLeft(this.count('pending') + this.count('inFlight')),
        stage: this.#stage(),
      },
      createTime: this.#record.createTime,
      endTime: ended ? (this.#record.cancelTime ?? this.#lastResult ?? this.#record.createTime) : undefined,
      failures: [...this.#failures],
      training: [...this.#training.all()],
    };
  }
}
