import type { LiveWorker } from '@unpair/protocol';
import type { CampaignRun } from '../campaigns/campaign-run.js';

export interface VigilOptions {
  /** Campaigns that may be worked on. */
  readonly runs: () => Iterable<CampaignRun>;
  readonly workers: { all(): readonly LiveWorker[] };
  /** Seconds on a clock that never goes back. */
  readonly seconds: () => number;
}

/** Seconds. */
const lookEvery = 0.05;

/**
 * How long nothing was heard of campaigns and of tasks in hand. A training that tells how it goes is no silence, however long it
 * takes; neither is a campaign whose turn has not come, because others have all workers, or because none is there.
 */
export class Vigil {
  readonly #options: VigilOptions;
  /** Since when each campaign could have been worked on. */
  readonly #turns = new Map<string, number>();
  /** Since when each task is in hand, by worker, campaign and position. */
  #held = new Map<string, number>();
  #looked = -Infinity;

  constructor(options: VigilOptions) {
    this.#options = options;
  }

  /** Looks at who works on what, once a scrape. */
  #look(): void {
    const { runs, workers } = this.#options;
    const now = this.#options.seconds();
    if (now - this.#looked < lookEvery) return;
    this.#looked = now;
    const reports = workers.all().flatMap(({ report }) => (report === undefined ? [] : [report]));
    const isFree = reports.some(({ tasks, slots }) => tasks.length < slots);
    const worked = new Set(reports.flatMap(({ tasks }) => tasks.map(({ campaignId }) => campaignId)));
    const running = new Set<string>();
    for (const { id } of runs()) {
      running.add(id);
      if (!this.#turns.has(id) || (!isFree && !worked.has(id))) this.#turns.set(id, now);
    }
    for (const id of this.#turns.keys()) if (!running.has(id)) this.#turns.delete(id);
    const held = new Map<string, number>();
    for (const { worker, tasks } of reports)
      for (const { campaignId, index } of tasks) {
        const key = `${worker} ${campaignId} ${index}`;
        held.set(key, this.#held.get(key) ?? now);
      }
    this.#held = held;
  }

  /** Seconds for which nothing was heard of a campaign that runs. */
  silence({ id, workload }: CampaignRun): number {
    this.#look();
    const now = this.#options.seconds();
    return now - Math.max(workload.lastSign, this.#turns.get(id) ?? now);
  }

  /** Seconds for which the task that is in hand for longest is, since it told of itself; 0 where none is in hand. */
  oldestTask(): number {
    this.#look();
    const now = this.#options.seconds();
    const runs = new Map([...this.#options.runs()].map((run) => [run.id, run]));
    const ages = [...this.#held].map(([key, since]) => {
      const [, campaign = '', index] = key.split(' ');
      return now - Math.max(since, runs.get(campaign)?.training.toldAt(Number(index)) ?? 0);
    });
    return Math.max(0, ...ages);
  }
}
