import { setTimeout as sleep } from 'node:timers/promises';

import type { Campaign } from '@unpair/protocol';
import { CampaignState } from '@unpair/protocol';

import { CliError } from '../failure.js';
import type { Progress } from '../terminal/progress.js';
import type { CampaignClient } from './campaign-client.js';
import { campaignProgress } from './progress-state.js';

export interface FollowOptions {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** How often in a row a lost coordinator is looked for again, and how long in between. */
  readonly attempts?: number;
  readonly delayMs?: number;
}

/** Whether nothing more will happen to a campaign. */
export function hasEnded({ state }: Pick<Campaign, 'state'>): boolean {
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
  { progress, signal, attempts = 30, delayMs = 1_000 }: FollowOptions,
): Promise<Campaign> {
  let resumeToken = '';
  for (let failures = 0; ;) {
    try {
      for await (const message of client.watch(id, resumeToken, signal)) {
        failures = 0;
        resumeToken = message.resumeToken;
        if (!message.campaign) continue;
        progress.update(campaignProgress(message.campaign));
        if (hasEnded(message.campaign)) return message.campaign;
      }
      const campaign = await client.get(id, signal);
      if (hasEnded(campaign)) return campaign;
      throw new CliError('UNAVAILABLE', `the coordinator stopped telling about campaign ${id}`);
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || ++failures > attempts) throw error;
      await sleep(delayMs, undefined, { signal });
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UNAVAILABLE';
}
