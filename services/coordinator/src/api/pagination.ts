import type { ListCampaignsRequest } from '@unpair/protocol';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import { invalidField } from './invalid-field.js';

const defaultPage = 50;
const largestPage = 1_000;

export interface Page {
  readonly runs: readonly CampaignRun[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** One page of the campaigns, newest first. The token names the last campaign seen, so new ones shift nothing. */
export function page(runs: Iterable<CampaignRun>, { pageSize, pageToken }: ListCampaignsRequest): Page {
  if (pageSize < 0) throw invalidField('page_size', `page_size must not be negative, got ${pageSize}.`);
  const size = Math.min(pageSize === 0 ? defaultPage : pageSize, largestPage);
  const keyed = [...runs].map((run) => [keyOf(run), run] as const).sort(([a], [b]) => (a < b ? 1 : -1));
  const after = pageToken === '' ? undefined : decode(pageToken);
  const rest = after === undefined ? keyed : keyed.filter(([key]) => key < after);
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  const nextPageToken = last === undefined || rest.length <= size ? '' : encode(last[0]);
  return { runs: shown.map(([, run]) => run), nextPageToken };
}

/** Sorts by time of creation, then id. */
function keyOf({ record, id }: CampaignRun): string {
  return `${record.createTime?.toISOString() ?? ''} ${id}`;
}

function encode(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function decode(token: string): string {
  const key = Buffer.from(token, 'base64url').toString();
  if (/^\S* c-[0-9a-f]+$/.test(key)) return key;
  throw invalidField('page_token', `page_token "${token}" is not one that this server gave.`);
}
