import type { Clock } from '@unpair/platform';
import type { WatchCampaignResponse } from '@unpair/protocol';
import type { CampaignRun } from '../campaigns/campaign-run.js';

/** Milliseconds between two states of one campaign on one stream, at least. */
const shortestInterval = 100;

/**
 * A campaign's states from `resumeToken` on, until it has ended. A slow reader misses states in between and never makes
 * the server remember them: each state is read when it is sent.
 */
export async function* watch(
  run: CampaignRun,
  resumeToken: string,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<WatchCampaignResponse, void, undefined> {
  let seen = resumeToken;
  for (;;) {
    const changed = run.changes.next(signal);
    changed.catch(() => undefined);
    if (run.token !== seen) {
      seen = run.token;
      yield { campaign: run.snapshot(), resumeToken: seen };
    }
    if (run.ended && run.token === seen) return;
    await changed;
    await clock.sleep(shortestInterval, signal);
  }
}
