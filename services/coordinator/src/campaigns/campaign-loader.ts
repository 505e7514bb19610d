import type { Campaign, Plan } from '@unpair/campaign';
import type { CampaignRecord, TaskResult } from '@unpair/protocol';
import type { ResultStore } from '../results/result-store.js';
import type { CampaignBook } from './campaign-book.js';
import type { CampaignRun } from './campaign-run.js';
import type { Answers } from './release.js';
import type { TaskOutcome } from './outcome.js';

export interface CampaignLoaderOptions {
  readonly book: CampaignBook;
  readonly store: ResultStore;
  /** Positions of a campaign's tasks that are queued, and in which queue. */
  readonly queued: (campaignId: string) => Promise<ReadonlyMap<number, string>>;
  /** Notes that a task is in a queue. */
  readonly place: (run: CampaignRun, index: number, queue: string) => void;
}

/** A result that came while its campaign was being entered. */
type Arrival = readonly [TaskResult, TaskOutcome];

/** Enters campaigns in the book, with the results that they have already: whichever way they come, nothing is done twice. */
export class CampaignLoader {
  readonly #options: CampaignLoaderOptions;
  readonly #entering = new Map<string, Promise<CampaignRun>>();
  readonly #plans = new Map<string, Plan>();
  readonly #arrivals = new Map<string, Arrival[]>();

  constructor(options: CampaignLoaderOptions) {
    this.#options = options;
  }

  /** Enters every campaign there is, as a coordinator starts. */
  async enterAll(records: readonly CampaignRecord[]): Promise<void> {
    const { book } = this.#options;
    book.enterAll(records);
    await this.#load('', (id) => book.find(id));
  }

  /** Enters one campaign. @param file that of its request, where it has been read already */
  enter(record: CampaignRecord, file?: Campaign): Promise<CampaignRun> {
    const { id } = record;
    const entering = this.#entering.get(id) ?? this.#enter(record, file);
    this.#entering.set(id, entering);
    return entering.finally(() => this.#entering.delete(id));
  }

  async #enter(record: CampaignRecord, file?: Campaign): Promise<CampaignRun> {
    const { book, store } = this.#options;
    const existing = book.find(record.id);
    if (existing !== undefined) return existing;
    const run = book.prepare(record, file);
    const arrivals: Arrival[] = [];
    this.#arrivals.set(record.id, arrivals);
    this.#plans.set(record.id, run.plan);
    try {
      await store.describeCells([run]);
      await this.#load(record.id, () => run);
      const queued = await this.#options.queued(run.id);
      const loaded = run.sequence;
      for (const [result, outcome] of arrivals)
        if (outcome.sequence > loaded) run.accept(outcome, answersIn(result));
      for (const [index, queue] of queued) this.#options.place(run, index, queue);
      book.add(run);
      return run;
    } finally {
      this.#arrivals.delete(record.id);
      this.#plans.delete(record.id);
    }
  }

  /** Lets campaigns take in what the store holds of them. */
  async #load(id: string, find: (id: string) => CampaignRun | undefined): Promise<void> {
    const { store } = this.#options;
    const [answers, tasks, wasted] = [await store.answers(id), await store.tasks(id), await store.wasted(id)];
    for (const { campaignId, model, ...answer } of answers) find(campaignId)?.answered(model, [answer]);
    for (const task of tasks) find(task.campaignId)?.accept(task);
    for (const [campaign, queries] of wasted) find(campaign)?.waste(queries);
  }

  /** The plan of a campaign that is being entered. */
  plan(id: string): Plan | undefined {
    return this.#plans.get(id);
  }

  /** Keeps a result for a campaign that is being entered. @returns whether it is */
  hold(result: TaskResult, outcome: TaskOutcome): boolean {
    const arrivals = this.#arrivals.get(result.campaignId);
    arrivals?.push([result, outcome]);
    return arrivals !== undefined;
  }
}

/** What a model answered in a result; undefined where the result is of another kind. */
export function answersIn({ outcome }: TaskResult): Answers | undefined {
  return outcome?.$case === 'accuracy' ? [outcome.value.model, outcome.value.rows] : undefined;
}
