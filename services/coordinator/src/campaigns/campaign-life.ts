import { UnpairError } from '@unpair/errors';
import type { Clock } from '@unpair/platform';
import { CampaignState, ResumeScope, type CampaignRecord } from '@unpair/protocol';
import type { CampaignBook } from './campaign-book.js';
import type { CampaignLoader } from './campaign-loader.js';
import type { CampaignRun } from './campaign-run.js';
import { campaignIdOf, type CampaignRecords } from './records.js';

export interface CampaignLifeOptions {
  readonly book: CampaignBook;
  readonly loader: CampaignLoader;
  readonly records: CampaignRecords;
  /** Takes the tasks of a campaign out of the queue. */
  readonly unqueue: (campaignId: string) => Promise<unknown>;
  /** There may be tasks to release. */
  readonly wake: () => void;
  readonly clock: Clock;
}

/** What can be changed of a campaign that there is. */
export interface CampaignChanges {
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
}

/** State of a campaign in a word: `running`. */
export function stateWord(state: CampaignState): string {
  return state.replace('CAMPAIGN_STATE_', '').toLowerCase();
}

const { RUNNING, PAUSED, CANCELLED } = CampaignState;

/**
 * What is done to campaigns: every change is written to the campaign's record before anything follows from it, so that a
 * coordinator that starts anew goes on from there.
 */
export class CampaignLife {
  readonly #options: CampaignLifeOptions;

  constructor(options: CampaignLifeOptions) {
    this.#options = options;
  }

  /** Releases no more tasks; one that is paused stays so. @throws UnpairError FAILED_PRECONDITION unless it is running */
  async pause(id: string): Promise<CampaignRun> {
    const { clock } = this.#options;
    return this.#stop(id, 'paused', [RUNNING], PAUSED, (record) => ({ ...record, pauseTime: clock.now() }));
  }

  /** Ends a campaign; one that is cancelled stays so. @throws UnpairError FAILED_PRECONDITION where it has ended otherwise */
  async cancel(id: string): Promise<CampaignRun> {
    const { clock } = this.#options;
    return this.#stop(id, 'cancelled', [RUNNING, PAUSED], CANCELLED, (record) => ({
      ...record,
      cancelTime: clock.now(),
      pauseTime: undefined,
    }));
  }

  async #stop(
    id: string,
    verb: string,
    from: readonly CampaignState[],
    to: CampaignState,
    edit: (record: CampaignRecord) => CampaignRecord,
  ): Promise<CampaignRun> {
    const { book, records, unqueue } = this.#options;
    const run = book.get(id);
    await records.amend(run, (record) => {
      if (run.state === to) return record;
      if (from.includes(run.state)) return edit(record);
      throw refusal(run, `only a campaign that is ${from.map(stateWord).join(' or ')} can be ${verb}`);
    });
    await unqueue(run.id);
    return run;
  }

  /**
   * Begins another round of a campaign: of its tasks without an end, or of those that failed too. All of them are another
   * campaign, of the same file.
   * @throws UnpairError FAILED_PRECONDITION where there is nothing to run
   */
  async resume(id: string, scope: ResumeScope): Promise<CampaignRun> {
    const { book, records, wake } = this.#options;
    const run = book.get(id);
    if (scope === ResumeScope.ALL) return this.#anew(run);
    const alsoFailed = scope === ResumeScope.FAILED;
    await records.amend(run, (record) => {
      checkResumable(run, alsoFailed);
      const round = record.round + 1;
      const retriedRound = alsoFailed ? round : record.retriedRound;
      return { ...record, round, retriedRound, cancelTime: undefined, pauseTime: undefined };
    });
    wake();
    return run;
  }

  async #anew({ record }: CampaignRun): Promise<CampaignRun> {
    const { book, loader, records, clock, wake } = this.#options;
    const { request } = record;
    if (request === undefined) throw new UnpairError('DATA_LOSS', `Campaign ${record.id} has no request.`);
    const first = request.requestId.replace(/#\d+$/, '');
    let number = 2;
    while (book.find(campaignIdOf(`${first}#${number}`)) !== undefined) number++;
    const created = await records.create({ ...request, requestId: `${first}#${number}` }, clock.now());
    const run = await loader.enter(created);
    wake();
    return run;
  }

  /** Gives up the tasks that failed, and says how many. @throws UnpairError FAILED_PRECONDITION where there are none */
  async drop(id: string): Promise<{ readonly run: CampaignRun; readonly dropped: number }> {
    const { book, records } = this.#options;
    const run = book.get(id);
    let dropped = 0;
    await records.amend(run, (record) => {
      dropped = run.count('failed') + run.count('dead');
      if (dropped === 0) throw refusal(run, 'it has no failed tasks to drop');
      return { ...record, droppedSequence: run.sequence };
    });
    return { run, dropped };
  }

  /** Changes what a campaign gets of the workers. */
  async update(id: string, changes: CampaignChanges): Promise<CampaignRun> {
    const { book, records, wake } = this.#options;
    const run = book.get(id);
    const { priority, weight } = changes;
    await records.amend(run, (record) => ({
      ...record,
      priority: priority ?? record.priority,
      weight: weight ?? record.weight,
    }));
    wake();
    return run;
  }
}

function checkResumable(run: CampaignRun, alsoFailed: boolean): void {
  const failed = run.count('failed') + run.count('dead');
  const [problem] = run.problems;
  if (problem !== undefined) throw refusal(run, `nothing of it can be run, for ${problem}`);
  if (run.state === PAUSED || run.state === CANCELLED) return;
  if (!alsoFailed && run.state === RUNNING) throw refusal(run, 'only its failed tasks can be tried again');
  if (!alsoFailed) {
    const allowed = 'all its tasks have ended: failed ones can be tried again, or all as a new campaign';
    throw refusal(run, allowed);
  }
  if (failed > 0 || run.hasDropped) return;
  throw refusal(run, 'it has no failed tasks to try again');
}

/** FAILED_PRECONDITION: the state does not allow what is asked; `allowed` says what it does. */
function refusal(run: CampaignRun, allowed: string): UnpairError {
  return new UnpairError('FAILED_PRECONDITION', `Campaign ${run.id} is ${stateWord(run.state)}: ${allowed}.`);
}
