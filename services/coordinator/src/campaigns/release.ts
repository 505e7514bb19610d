import { AccuracyGate, type Campaign, type Plan, type PlannedTask } from '@unpair/campaign';
import type { CampaignRecord, WorkKind } from '@unpair/protocol';
import { ReleaseOrder } from './release-order.js';

/** What a model answered to which class. */
export type Answers = Parameters<AccuracyGate['count']>;

export interface ReleaseOptions {
  readonly record: CampaignRecord;
  readonly file: Campaign;
  readonly plan: Plan;
  /** Models that could not be made. */
  readonly failed: ReadonlyMap<string, unknown>;
}

/** What of a campaign's plan may run: which models exist, whether the gate before the work is passed, and what comes next. */
export class Release {
  readonly #plan: Plan;
  readonly #failed: ReadonlyMap<string, unknown>;
  readonly #digests: Map<string, string>;
  readonly #gate: AccuracyGate;
  #isGatePassed: boolean;
  #order: ReleaseOrder;

  constructor({ record, file, plan, failed }: ReleaseOptions) {
    this.#plan = plan;
    this.#failed = failed;
    this.#digests = new Map(Object.entries(record.request?.models ?? {}));
    this.#gate = new AccuracyGate(file, plan);
    this.#isGatePassed = this.#gate.tasks.length === 0;
    this.#order = new ReleaseOrder(plan, this.#gate.tasks);
  }

  /** SHA-256 of every model that exists, by name. */
  get digests(): ReadonlyMap<string, string> {
    return this.#digests;
  }

  /** @see ReleaseOrder.next */
  next(
    isPending: (index: number) => boolean,
    abandon: (task: PlannedTask) => void,
    kind?: WorkKind,
  ): PlannedTask | undefined {
    return this.#order.next(isPending, abandon, kind);
  }

  /** Puts a task back that was handed out but could not be published. */
  putBack(index: number): void {
    this.#order.putBack(index);
  }

  /** A model exists: what needs it can run. */
  made({ model, digest }: { readonly model: string; readonly digest: string }): void {
    this.#digests.set(model, digest);
    this.#order.modelMade(model);
  }

  /** A model will not exist: what needs it never can run. */
  modelFailed(model: string): void {
    this.#order.modelFailed(model);
  }

  /** Takes in what a model answered, each answer once, before the end of the task that brought it. */
  answered(...[model, answers]: Answers): void {
    this.#gate.count(model, answers);
  }

  /**
   * Takes in that a task has ended. With the last of those before the gate the work may begin, where there are no problems.
   * @returns once that is so, a sentence for each model that answers by chance
   */
  end(index: number): readonly string[] | undefined {
    const problems = this.#gate.end(index);
    if (problems?.length !== 0) return problems;
    this.#isGatePassed = true;
    this.#order.open();
    return problems;
  }

  /** Goes through the plan from its beginning. */
  startOver(): void {
    this.#order = new ReleaseOrder(this.#plan, this.#isGatePassed ? [] : this.#gate.tasks);
    for (const model of this.#digests.keys()) this.#order.modelMade(model);
    for (const model of this.#failed.keys()) this.#order.modelFailed(model);
  }
}
