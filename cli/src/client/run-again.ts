import { UnpairError } from '@unpair/errors';
import { CampaignState, ResumeScope, type Campaign } from '@unpair/protocol';

import type { CampaignClient } from './campaign-client.js';
import { stateWord } from './campaign-table.js';

export interface RunAgainOptions {
  /** What to run again of a campaign that was there; what has no result unless said. */
  readonly scope?: ResumeScope | undefined;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Lets a campaign run that the same command has made before: one that is paused or cancelled goes on, of one that failed
 * the failed tasks are tried again. What is done stays done unless everything is asked for.
 * @returns the campaign to follow: another where everything runs anew
 */
export async function runAgain(
  client: CampaignClient,
  campaign: Campaign,
  { scope, note, signal }: RunAgainOptions,
): Promise<Campaign> {
  const { id, state, progress } = campaign;
  const isStopped = state === CampaignState.PAUSED || state === CampaignState.CANCELLED;
  if (scope === undefined && !isStopped && state !== CampaignState.FAILED) return campaign;
  if (state === CampaignState.RUNNING && scope === ResumeScope.UNFINISHED) return campaign;
  const wanted = scope ?? (state === CampaignState.PAUSED ? ResumeScope.UNFINISHED : ResumeScope.FAILED);
  try {
    const resumed = await client.resume({ id, scope: wanted, tasks: undefined }, signal);
    const done = `${progress?.done ?? 0} of ${progress?.tasks ?? 0} tasks`;
    const what =
      wanted === ResumeScope.ALL
        ? `everything runs anew as ${resumed.id}`
        : `the ${done} that are done stay, the others run; --again all runs everything anew`;
    note(`campaign ${id} is ${stateWord(campaign)}: ${what}`);
    return resumed;
  } catch (error) {
    // Nothing is left to run, as where a model answers by chance: its report says what there is.
    if (scope !== undefined || UnpairError.from(error).code !== 'FAILED_PRECONDITION') throw error;
    note(UnpairError.from(error).message);
    return campaign;
  }
}

/**
 * Pauses campaigns that run beside one, on a cluster that is there for that one alone.
 * @returns those that were paused
 */
export async function pauseOthers(
  client: CampaignClient,
  { id }: Pick<Campaign, 'id'>,
  signal: AbortSignal,
): Promise<readonly Campaign[]> {
  const states = [CampaignState.RUNNING];
  const paused: Campaign[] = [];
  let pageToken = '';
  do {
    const page = await client.list({ pageSize: 1_000, pageToken, states, labels: {} }, signal);
    for (const other of page.campaigns)
      if (other.id !== id) paused.push(await client.pause(other.id, signal));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return paused;
}
