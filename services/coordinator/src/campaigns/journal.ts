import { SparseLog, type Clock, type Logger } from '@unpair/platform';
import type { TaskResult, WastedAttempt } from '@unpair/protocol';
import { stateWord } from './campaign-life.js';
import type { CampaignRun } from './campaign-run.js';
import type { TaskOutcome } from './outcome.js';
import { taskLabel } from './task-label.js';

/** Tenths of a campaign's tasks: of each that is reached, one line. */
const steps = 10;

/**
 * What a log says of campaigns: one line for each thing that is done to one, for each tenth of its tasks, for its end; and of what goes
 * wrong with tasks one of a kind at once, then one in ten seconds with their number.
 */
export class Journal {
  readonly #logger: Logger;
  readonly #warnings: SparseLog;
  readonly #reached = new Map<string, number>();

  constructor(options: { readonly logger: Logger; readonly clock: Pick<Clock, 'seconds'> }) {
    this.#logger = options.logger;
    this.#warnings = new SparseLog(options);
  }

  /** Something was done to a campaign: `created`, `paused`. */
  done(run: CampaignRun, what: string, more: Readonly<Record<string, unknown>> = {}): void {
    const { id: campaign, file, plan, round } = run;
    this.#reached.delete(campaign);
    this.#logger.info({ campaign, name: file.name, tasks: plan.size, round, ...more }, `campaign ${what}`);
  }

  /** A result of a campaign counts. */
  result(run: CampaignRun, { index, worker }: TaskResult, { kind, failure }: TaskOutcome): void {
    const about = { campaign: run.id, task: index, label: taskLabel(run.plan.task(index)), worker };
    if (kind === 'failed') this.#warnings.warn({ ...about, reason: failure }, 'a task has failed');
    if (kind === 'dead') this.#warnings.warn({ ...about, reason: failure }, 'a task was given up');
    if (run.ended) this.#end(run);
    else this.#progress(run);
  }

  /** An attempt at a task brought nothing, or too late. */
  wasted({ campaignId, index, worker, queries, error }: WastedAttempt): void {
    const about = { campaign: campaignId, task: index, worker, queries };
    if (error === '') this.#warnings.warn(about, 'queries were spent on a result that does not count');
    else this.#warnings.warn({ ...about, reason: error }, 'an attempt at a task failed');
  }

  #progress(run: CampaignRun): void {
    const open = run.count('pending') + run.count('inFlight');
    const reached = Math.floor((steps * (run.plan.size - open)) / run.plan.size);
    const before = this.#reached.get(run.id) ?? 0;
    if (reached <= before) return;
    this.#reached.set(run.id, reached);
    const { id: campaign, queries, plan } = run;
    const secondsLeft = Math.round(run.secondsLeft);
    this.#logger.info(
      { campaign, ended: plan.size - open, of: plan.size, queries, secondsLeft },
      'campaign goes on',
    );
  }

  #end(run: CampaignRun): void {
    const { id: campaign, queries, wastedQueries } = run;
    const counts = { done: run.count('done'), failed: run.count('failed'), dead: run.count('dead') };
    this.#reached.delete(campaign);
    const about = { campaign, name: run.file.name, ...counts, cancelled: run.count('cancelled') };
    this.#logger.info({ ...about, queries, wastedQueries }, `campaign ${stateWord(run.state)}`);
  }
}
