import type { Campaign } from '@unpair/protocol';

import { renderTable } from '../terminal/table.js';
import { trainingLine } from './training-line.js';

/** State in a word: `running`. */
export function stateWord({ state }: Pick<Campaign, 'state'>): string {
  return state.replace('CAMPAIGN_STATE_', '').toLowerCase();
}

/** Campaigns as a table, one a line. */
export function campaignTable(campaigns: readonly Campaign[]): string {
  const rows = campaigns.map((campaign) => [
    campaign.id,
    campaign.name,
    stateWord(campaign),
    `${campaign.progress?.done ?? 0}/${campaign.progress?.tasks ?? 0}`,
    campaign.progress?.queries ?? 0,
    time(campaign.createTime),
    time(campaign.endTime),
  ]);
  return renderTable(['id', 'name', 'state', 'tasks', 'queries', 'created', 'ended'], rows);
}

/** One campaign in full. */
export function campaignText(campaign: Campaign): string {
  const training = campaign.training.map(trainingLine).map(({ label, detail }) => `${label}  ${detail}`);
  const failures = campaign.failures.map((failure) => `failure: ${failure}`);
  const waiting = campaign.waiting === '' ? [] : [campaign.waiting];
  return [campaignTable([campaign]), ...waiting, ...training, ...failures].join('\n');
}

function time(moment: Date | undefined): string {
  return moment?.toISOString().replace('T', ' ').slice(0, 19) ?? '';
}
