import { UnpairError } from '@unpair/errors';
import type { Campaign } from '@unpair/protocol';
import { CampaignState } from '@unpair/protocol';

import type { Progress } from '../terminal/progress.js';
import type { CampaignClient } from './campaign-client.js';
import type { Patience } from './patience.js';
import { patiently } from './patience.js';
import { campaignProgress } from './progress-state.js';

export interface FollowOptions extends Patience {
  readonly progress: Progress;
}

/** Whether nothing more will happen to a campaign. */
function hasEnded({ state }: Pick<Campaign, 'state'>): boolean {
  return (
    state === CampaignState.SUCCEEDED || state === CampaignState.FAILED || state === CampaignState.CANCELLED
  );
}

/**
 * Shows a campaign's progress until it ends, across restarts of the coordinator.
 * @returns its last state.
 * @throws the coordinator's error when it stays away for `attempts` in a row.
 */
export async function followCampaign(
  client: CampaignClient,
  id: string,
  { progress, ...patience }: FollowOptions,
): Promise<Campaign> {
  const { signal } = patience;
  let resumeToken = '';
  return patiently(async (answered) => {
    for await (const message of client.watch(id, resumeToken, signal)) {
      answered();
      resumeToken = message.resumeToken;
      if (!message.campaign) continue;
      progress.update(campaignProgress(message.campaign));
      if (hasEnded(message.campaign)) return message.campaign;
    }
    const campaign = await client.get(id, signal);
    if (hasEnded(campaign)) return campaign;
    throw new UnpairError('UNAVAILABLE', `the coordinator stopped telling about campaign ${id}`);
  }, patience);
}
