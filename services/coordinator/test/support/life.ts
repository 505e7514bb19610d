import type { Report } from '@unpair/campaign';
import {
  CampaignServiceService as Service,
  CampaignState,
  type Campaign,
  type TaskFilter,
  type Task,
  type TaskResult,
} from '@unpair/protocol';
import { expect } from 'vitest';
import { eventually } from '../../../../test/kit/index.js';
import { requestFor } from './campaign-file.js';
import type { Ground, Served } from './cluster.js';
import { work } from './synthetic-worker.js';

/** Submits a campaign. @returns its id */
export async function create({ client }: Served, name: string, text?: string): Promise<string> {
  return (await client.unary(Service.createCampaign, requestFor(name, text))).campaign?.id ?? '';
}

export async function get({ client }: Served, id: string): Promise<Campaign | undefined> {
  return (await client.unary(Service.getCampaign, { id })).campaign;
}

/** Waits until a campaign is in a state. */
export async function reaches(
  served: Served,
  id: string,
  state: CampaignState,
): Promise<Campaign | undefined> {
  return eventually(async () => {
    const campaign = await get(served, id);
    expect(campaign?.state).toBe(state);
    return campaign;
  });
}

/** The results digest of a campaign's report. */
export async function digestOf({ client }: Served, id: string): Promise<string> {
  const report = JSON.parse((await client.unary(Service.getReport, { id })).report) as Report;
  return report.integrity.resultsDigest;
}

/** Lets a worker work while `action` goes on. @returns what it took */
export async function working(
  { connection }: Ground,
  action: () => Promise<unknown>,
  outcome: (task: Task) => TaskResult['outcome'] | undefined = () => undefined,
): Promise<readonly Task[]> {
  const stop = new AbortController();
  const taken = work({ connection, outcome }, stop.signal);
  try {
    await action();
  } finally {
    stop.abort();
  }
  return taken;
}

/** Tasks as a client asks for them. */
export function only(wanted: Partial<TaskFilter>): TaskFilter {
  return { indices: [], states: [], error: '', ...wanted };
}
