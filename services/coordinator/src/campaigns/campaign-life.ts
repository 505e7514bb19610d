import { UnpairError } from '@unpair/errors';
import type { Clock } from '@unpair/platform';
import { CampaignState, ResumeScope, type CampaignRecord, type TaskFilter } from '@unpair/protocol';
import type { ResultStore } from '../results/result-store.js';
import type { CampaignBook } from './campaign-book.js';
import type { CampaignLoader } from './campaign-loader.js';
import type { CampaignRun } from './campaign-run.js';
import { campaignIdOf, type CampaignRecords } from './records.js';
import { meantBy, withChoice } from './task-choice.js';

export interface CampaignLifeOptions {
  readonly book: CampaignBook;
  readonly loader: CampaignLoader;
  readonly records: CampaignRecords;
  readonly store: Pick<ResultStore, 'tasksWithError'>;
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
   * @param filter which of those that failed
   * @throws UnpairError FAILED_PRECONDITION where there is nothing to run
   */
  async resume(id: string, scope: ResumeScope, filter?: TaskFilter): Promise<CampaignRun> {
    const { book, records, unqueue, wake } = this.#options;
    const run = book.get(id);
    if (filter !== undefined && scope !== ResumeScope.FAILED)
      throw new UnpairError('INVALID_ARGUMENT', 'tasks can only be chosen with the scope of failed ones.');
    if (scope === ResumeScope.ALL) return this.#anew(run);
    const choose = await this.#choice(run, filter);
    // What was on its way to the queue when it was stopped is of an earlier round, which workers abandon.
    if (run.state === PAUSED || run.state === CANCELLED) await unqueue(run.id);
    await records.amend(run, (record) => {
      checkResumable(run, scope);
      const tried = scope === ResumeScope.FAILED ? retried(record, choose?.('try again')) : record;
      return { ...tried, round: record.round + 1, cancelTime: undefined, pauseTime: undefined };
    });
    wake();
    return run;
  }

  /** Chooses among the tasks that failed, as they are then; undefined where nobody asks for some of them. */
  async #choice(
    run: CampaignRun,
    filter?: TaskFilter,
  ): Promise<((verb: Verb) => readonly number[]) | undefined> {
    if (filter === undefined) return undefined;
    const isMeant = await meantBy(filter, run, this.#options.store);
    return (verb) => {
      const able = new Set(verb === 'drop' ? run.failed() : [...run.failed(), ...run.dropped()]);
      const chosen = [...able].filter(isMeant).sort((a, b) => a - b);
      const unable = filter.indices.find((index) => !able.has(index));
      if (unable !== undefined)
        throw refusal(run, `its task ${unable} has not failed, so there is nothing to ${verb}`);
      if (chosen.length > 0) return chosen;
      throw refusal(run, `none of its failed tasks is as asked for, so there is nothing to ${verb}`);
    };
  }

  async #anew({ record, tenant }: CampaignRun): Promise<CampaignRun> {
    const { book, loader, records, clock, wake } = this.#options;
    const { request } = record;
    if (request === undefined) throw new UnpairError('DATA_LOSS', `Campaign ${record.id} has no request.`);
    const first = request.requestId.replace(/#\d+$/, '');
    let number = 2;
    while (book.find(campaignIdOf(`${first}#${number}`, tenant)) !== undefined) number++;
    const again = { ...request, requestId: `${first}#${number}` };
    const created = await records.create(again, clock.now(), tenant);
    const run = await loader.enter(created);
    wake();
    return run;
  }

  /**
   * Gives up the tasks that failed, or some of them, and says how many.
   * @throws UnpairError FAILED_PRECONDITION where there are none
   */
  async drop(
    id: string,
    filter?: TaskFilter,
  ): Promise<{ readonly run: CampaignRun; readonly dropped: number }> {
    const { book, records } = this.#options;
    const run = book.get(id);
    const choose = await this.#choice(run, filter);
    let dropped = 0;
    await records.amend(run, (record) => {
      if (run.failed().length === 0) throw refusal(run, 'it has no failed tasks to drop');
      const chosen = choose?.('drop');
      dropped = (chosen ?? run.failed()).length;
      const droppedSequence = run.sequence;
      if (chosen !== undefined) return withChoice(record, chosen, { droppedSequence });
      // What was decided of single tasks before is part of that, but for rounds.
      const choices = record.choices.filter(({ retriedRound }) => retriedRound > 0);
      return { ...record, droppedSequence, choices };
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

type Verb = 'try again' | 'drop';

/** A record in whose next round failed tasks are tried again: all, or those chosen. */
function retried(record: CampaignRecord, chosen: readonly number[] | undefined): CampaignRecord {
  const retriedRound = record.round + 1;
  if (chosen !== undefined) return withChoice(record, chosen, { retriedRound });
  return { ...record, retriedRound, choices: [] };
}

function checkResumable(run: CampaignRun, scope: ResumeScope): void {
  const alsoFailed = scope === ResumeScope.FAILED;
  const [problem] = run.problems;
  if (problem !== undefined) throw refusal(run, `nothing of it can be run, for ${problem}`);
  if (run.state === PAUSED || run.state === CANCELLED) return;
  if (!alsoFailed && run.state === RUNNING) throw refusal(run, 'only its failed tasks can be tried again');
  if (!alsoFailed) {
    const allowed = 'all its tasks have ended: failed ones can be tried again, or all as a new campaign';
    throw refusal(run, allowed);
  }
  if (run.failed().length > 0 || run.dropped().length > 0) return;
  throw refusal(run, 'it has no failed tasks to try again');
}

/** FAILED_PRECONDITION: the state does not allow what is asked; `allowed` says what it does. */
export function refusal(run: CampaignRun, allowed: string): UnpairError {
  const message = `Campaign ${run.id} is ${stateWord(run.state)}: ${allowed}.`;
  return new UnpairError('FAILED_PRECONDITION', message, { reason: 'WRONG_STATE' });
}
