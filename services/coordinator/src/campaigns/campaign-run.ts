import { madeBy, type Campaign as CampaignFile, type Plan, type PlannedTask } from '@unpair/campaign';
import {
  CampaignState,
  type Campaign,
  type CampaignRecord,
  type Task,
  type Training,
  type WorkKind,
  workKindOf,
} from '@unpair/protocol';
import { CampaignFailures } from './campaign-failures.js';
import { ChangeSignal } from './change-signal.js';
import { ModelsInTraining } from './models-in-training.js';
import type { TaskOutcome } from './outcome.js';
import { RecordedCampaign } from './recorded-campaign.js';
import { Release, type Answers } from './release.js';
import { TaskChoices } from './task-choice.js';
import { stageOf } from './stage.js';
import { TargetQueries } from './target-queries.js';
import { taskMessage } from './task-message.js';
import { isOpen, progressOf, TaskStates, type TaskState } from './task-states.js';
import { Workload } from './workload.js';

export interface CampaignRunOptions {
  readonly record: CampaignRecord;
  readonly file: CampaignFile;
  readonly plan: Plan;
  /** Seconds on a clock that never goes back, for how long nothing was heard. */
  readonly seconds: () => number;
}

/**
 * One campaign as the coordinator holds it in memory: which tasks are where, and what comes next. A pure fold over the
 * campaign's record, its results and what is queued, so a restart arrives at the same state.
 */
export class CampaignRun extends RecordedCampaign {
  readonly file: CampaignFile;
  readonly plan: Plan;
  /** Fires whenever a new {@link snapshot} would differ. */
  readonly changes = new ChangeSignal();
  /** How much is left to do, and what it costs. */
  readonly workload: Workload;
  /** How every model that is in training comes along. */
  readonly training = new ModelsInTraining();
  readonly #states: TaskStates;
  readonly #failures = new CampaignFailures();
  readonly #release: Release;
  readonly #queries: TargetQueries;
  #choices: TaskChoices;
  readonly #generations = new Map<number, number>();
  #waiting = '';
  #sequence = 0;
  #lastResult: Date | undefined;

  constructor({ record, file, plan, seconds }: CampaignRunOptions) {
    super(record);
    this.file = file;
    this.plan = plan;
    this.#choices = new TaskChoices(record);
    this.workload = new Workload(plan, seconds);
    this.#queries = new TargetQueries(file, plan);
    this.#states = new TaskStates(plan.size, (index, now, before) => {
      this.workload.move(index, isOpen(now), isOpen(before));
      if ((now === 'inFlight') !== (before === 'inFlight')) this.#queries.move(index, now === 'inFlight');
    });
    this.#release = new Release({ record, file, plan, failed: this.#failures.models });
    if (record.cancelTime !== undefined) this.#states.cancelRest();
  }

  /** Why running it again would end where it ended; empty where it would not. */
  get problems(): readonly string[] {
    return this.#failures.problems;
  }

  /** Tasks that failed, in whatever way, and were not dropped. */
  failed(): number[] {
    return [...this.#states.in('failed'), ...this.#states.in('dead')];
  }

  /** Tasks that failed and were given up for that; they might be tried again. */
  dropped(): readonly number[] {
    return this.#failures.dropped;
  }

  /** When the newest result that counts came; undefined before the first. */
  get lastResult(): Date | undefined {
    return this.#lastResult;
  }

  /** Position of the newest result that was taken in. */
  get sequence(): number {
    return this.#sequence;
  }

  get ended(): boolean {
    return this.#states.ended;
  }

  /** Target queries of results that count. */
  get queries(): number {
    return this.#queries.accepted;
  }

  /** Target queries of attempts that came too late. */
  get wastedQueries(): number {
    return this.#queries.wasted;
  }

  count(state: TaskState): number {
    return this.#states.count(state);
  }

  /** @throws RangeError for an index outside the plan */
  stateOf(index: number): TaskState {
    return this.#states.get(index);
  }

  /** Tasks that were published and have no result yet. */
  inFlight(): number[] {
    return [...this.#states.in('inFlight')];
  }

  /** Whether anything but making models has brought a result. */
  get hasRows(): boolean {
    return [...this.#states.in('done')].some((index) => this.plan.task(index).kind !== 'derive');
  }

  /** Of every model that exists. */
  get digests(): Iterable<string> {
    return this.#release.digests.values();
  }

  /** SHA-256 of a model's file; undefined while it does not exist. */
  digest(model: string): string | undefined {
    return this.#release.digests.get(model);
  }

  /** Why a model, or what a cell takes, could not be made; undefined while nothing says so. */
  modelFailure(model: string): string | undefined {
    return this.#failures.models.get(model);
  }

  /** What the campaign waits for, where no worker is alive for its next tasks; empty otherwise. */
  get waiting(): string {
    return this.ended || this.isPaused ? '' : this.#waiting;
  }

  /** Says what the campaign waits for. */
  wait(reason: string): void {
    if (reason === this.#waiting) return;
    this.#waiting = reason;
    this.changes.notify();
  }

  /** The kind of work of the first task that has not reached its end; undefined where all have. */
  get firstKind(): WorkKind | undefined {
    const first = this.#firstOpen();
    return first && workKindOf(first.kind);
  }

  #firstOpen(): PlannedTask | undefined {
    const first = this.#states.firstOpen();
    return first === undefined ? undefined : this.plan.task(first);
  }

  /** Takes the next task that can run, of a kind where one is named, as a message; it counts as in flight from then on. */
  next(kind?: WorkKind): Task | undefined {
    if (this.isPaused) return undefined;
    const before = this.#states.count('cancelled');
    const abandon = ({ index }: Pick<PlannedTask, 'index'>): void =>
      void this.#states.set(index, 'cancelled');
    const planned = this.#release.next((index) => this.#isRunnable(index), abandon, kind);
    const waits = planned !== undefined && this.#queries.leave(planned.index) === 'later';
    if (waits) this.#release.putBack(planned.index);
    const next = waits ? undefined : planned;
    if (next !== undefined) this.#states.set(next.index, 'inFlight');
    if (next !== undefined || this.#states.count('cancelled') !== before) this.changes.notify();
    return next === undefined ? undefined : this.#message(next, this.generation(next.index));
  }

  /** Whether a task still has to run; one that may take more queries than are left is left out. */
  #isRunnable(index: number): boolean {
    if (this.#states.get(index) !== 'pending') return false;
    if (this.#queries.leave(index) !== 'never') return true;
    this.#states.set(index, 'cancelled');
    return false;
  }

  #message(planned: PlannedTask, generation: number): Task {
    return taskMessage({
      planned,
      generation,
      record: this.current,
      file: this.file,
      digests: this.#release.digests,
    });
  }

  /** Undoes {@link next} for a task that could not be published. */
  putBack(index: number): void {
    if (this.#states.set(index, 'pending')) this.#release.putBack(index);
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
    if (this.#has(index) && this.#states.set(index, 'inFlight')) this.changes.notify();
  }

  /** Whether there is such a task; addresses come from the broker, which anyone may write to. */
  #has(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.plan.size;
  }

  /** Whether there is such a task, and it has not reached its end. */
  isOpen(index: number): boolean {
    return this.#has(index) && ['pending', 'inFlight'].includes(this.#states.get(index));
  }

  /** Whether a task has been published and has no result yet. */
  isInFlight(index: number): boolean {
    return this.#states.get(index) === 'inFlight';
  }

  /** Takes in what a model answered, each answer once, before the result that brought it is accepted. */
  answered(...[model, answers]: Answers): void {
    this.#release.answered(model, answers);
  }

  /**
   * Takes in a result. Of each task the first result that is done counts, of any round; a failure of a round before the
   * one in which failures were tried again is none.
   * @param answers what a model answered, where the result brings that and it was not told of before
   * @returns whether the result is one that counts
   */
  accept(outcome: TaskOutcome, answers?: Answers): boolean {
    this.#sequence = Math.max(this.#sequence, outcome.sequence);
    const { index } = outcome;
    if (!this.#has(index)) return false;
    const previous = this.#states.get(index);
    if (this.#isPast(outcome)) {
      if (previous === 'inFlight') this.putBack(index);
      return false;
    }
    const isDropped = outcome.kind !== 'done' && outcome.sequence <= this.#choices.of(index).droppedSequence;
    if (!this.#states.set(index, isDropped ? 'cancelled' : outcome.kind)) return false;
    this.#queries.accept(outcome.queries);
    this.#lastResult = outcome.time;
    if (answers !== undefined) this.answered(...answers);
    if (previous === 'failed' || previous === 'dead') this.#failures.mend(this.plan.task(index));
    this.#take(outcome, isDropped);
    // A model that was given up exists after all: so can what needs it.
    if (previous === 'failed' && outcome.derived !== undefined) this.#reopen(() => false);
    this.changes.notify();
    return true;
  }

  /** Whether an outcome is the failure of a task that has been tried again since. */
  #isPast({ kind, round, index }: TaskOutcome): boolean {
    return kind !== 'done' && round < this.#choices.of(index).retriedRound;
  }

  #take(outcome: TaskOutcome, isDropped: boolean): void {
    this.workload.finish(outcome);
    this.#generations.delete(outcome.index);
    this.training.delete(outcome.index);
    if (outcome.derived !== undefined) this.#release.made(outcome.derived);
    if (outcome.kind !== 'done') this.#fail(outcome, isDropped);
    this.#pass(outcome.index);
  }

  /** Ends the campaign where the gate before the work is not passed. */
  #pass(index: number): void {
    const problems = this.#release.end(index);
    if (problems === undefined) return;
    this.#failures.refuse(problems);
    if (problems.length > 0) this.#states.cancelRest();
  }

  #fail({ index, failure }: TaskOutcome, isDropped: boolean): void {
    const planned = this.plan.task(index);
    if (isDropped) this.#failures.drop(planned, failure);
    else this.#failures.add(planned, failure);
    const made = madeBy(planned);
    if (made !== undefined) this.#release.modelFailed(made);
  }

  /** Takes in how the training of a model goes; nothing unless its task is in flight. */
  train(index: number, training: Training): void {
    if (!this.#has(index) || this.#states.get(index) !== 'inFlight') return;
    const planned = this.plan.task(index);
    if (planned.kind !== 'derive' || planned.model !== training.model) return;
    this.workload.sign();
    this.training.set(index, training, this.workload.lastSign);
    this.changes.notify();
  }

  /** Takes in queries that were spent on a result that came too late. */
  waste(queries: number): void {
    this.#queries.waste(queries);
  }

  /** Takes in a later state of the record: cancelled, paused, resumed, dropped, of another weight. */
  revise(record: CampaignRecord): void {
    const [before, had, has] = [this.current, this.#choices, new TaskChoices(record)];
    this.current = record;
    this.#choices = has;
    if (record.cancelTime !== undefined) this.#states.cancelRest();
    else if (record.round > before.round)
      this.#reopen((index) => has.of(index).retriedRound > had.of(index).retriedRound);
    this.#drop((index) => has.of(index).droppedSequence > had.of(index).droppedSequence);
    if (record.pauseTime !== undefined || record.cancelTime !== undefined) this.training.clear();
    if (record.pauseTime !== undefined) {
      this.workload.rest();
      this.#states.moveAll('pending', (state) => state === 'inFlight');
      this.#startOver();
    }
    this.changes.notify();
  }

  /** What was cancelled can run again, and what failed where that is tried again. */
  #reopen(isRetried: (index: number) => boolean): void {
    const retried = new Set([...this.failed(), ...this.dropped()].filter(isRetried));
    for (const index of retried) this.#failures.retry(this.plan.task(index));
    this.#states.moveAll(
      'pending',
      (state, index) => retried.has(index) || (state === 'cancelled' && !this.#failures.isDropped(index)),
    );
    this.#startOver();
  }

  /** Goes through the plan from its beginning. */
  #startOver(): void {
    this.#generations.clear();
    this.#release.startOver();
  }

  #drop(isDropped: (index: number) => boolean): void {
    const dropped = new Set(this.failed().filter(isDropped));
    this.#failures.dropAll(dropped);
    if (dropped.size > 0) this.#states.moveAll('cancelled', (_, index) => dropped.has(index));
  }

  get state(): CampaignState {
    if (this.current.cancelTime !== undefined) return CampaignState.CANCELLED;
    if (this.ended)
      return this.#failures.any || this.#queries.problems.length > 0
        ? CampaignState.FAILED
        : CampaignState.SUCCEEDED;
    return this.isPaused ? CampaignState.PAUSED : CampaignState.RUNNING;
  }

  /** Stands for the present state, also after a restart: equal tokens, nothing new. */
  get token(): string {
    const { round, isPaused, priority, weight } = this;
    const counts = `${this.#sequence}.${this.count('inFlight')}.${this.count('cancelled')}`;
    const pace = `${isPaused ? 1 : 0}${this.waiting === '' ? '' : 'w'}`;
    return `${counts}.${round}.${pace}.${priority}.${weight}${this.training.token}`;
  }

  /** The campaign as clients see it. */
  snapshot(): Campaign {
    return {
      ...this.settings,
      name: this.file.name,
      state: this.state,
      progress: {
        ...progressOf(this.#states),
        queries: this.queries,
        secondsLeft: this.secondsLeft,
        stage: stageOf(this.#firstOpen()),
      },
      endTime: this.endTime,
      failures: [...this.#queries.problems, ...this.#failures.sentences],
      training: [...this.training.all()],
      waiting: this.waiting,
    };
  }

  /** Until all tasks have their end, as far as can be told; 0 while unknown. */
  get secondsLeft(): number {
    return this.ended ? 0 : this.workload.secondsLeft(this.training.entries());
  }

  /** When it ended; undefined while it has not. */
  get endTime(): Date | undefined {
    const { cancelTime, createTime } = this.current;
    return this.ended ? (cancelTime ?? this.#lastResult ?? createTime) : undefined;
  }
}
