import type { CampaignState, ListCampaignsRequest } from '@unpair/protocol';
import type { UnreadableCampaign } from '../campaigns/campaign-book.js';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import { invalidField } from './invalid-field.js';

const defaultPage = 50;
const largestPage = 1_000;

type Listed = CampaignRun | UnreadableCampaign;

export interface Page {
  readonly campaigns: readonly Listed[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** How many entries a page has at most. @throws UnpairError INVALID_ARGUMENT for a negative size */
export function sizeOf({ pageSize }: { readonly pageSize: number }): number {
  if (pageSize < 0) throw invalidField('page_size', `page_size must not be negative, got ${pageSize}.`);
  return Math.min(pageSize === 0 ? defaultPage : pageSize, largestPage);
}

/**
 * One page of the campaigns that are asked for, newest first. The token names the last campaign seen, so new ones shift
 * nothing.
 */
export function page(campaigns: Iterable<Listed>, request: ListCampaignsRequest): Page {
  const size = sizeOf(request);
  const { pageToken, states, labels } = request;
  const wanted = [...campaigns].filter((each) => isAsked(each, states, labels));
  const keyed = wanted.map((each) => [keyOf(each), each] as const).sort(([a], [b]) => (a < b ? 1 : -1));
  const after = pageToken === '' ? undefined : decode(pageToken);
  const rest = after === undefined ? keyed : keyed.filter(([key]) => key < after);
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  const nextPageToken = last === undefined || rest.length <= size ? '' : encode(last[0]);
  return { campaigns: shown.map(([, each]) => each), nextPageToken };
}

function isAsked(
  campaign: Listed,
  states: readonly CampaignState[],
  labels: Readonly<Record<string, string>>,
): boolean {
  if (states.length > 0 && !states.includes(campaign.state)) return false;
  return Object.entries(labels).every(([key, value]) => campaign.labels[key] === value);
}

/** Sorts by time of creation, then id. */
function keyOf({ record, id }: Listed): string {
  return `${record.createTime?.toISOString() ?? ''} ${id}`;
}

function encode(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function decode(token: string): string {
  const key = Buffer.from(token, 'base64url').toString();
  if (/^\S* c-[0-9a-f]+$/.test(key)) return key;
  throw unknownToken(token);
}

/** The error of a page token that no server of ours gave. */
export function unknownToken(token: string): Error {
  return invalidField('page_token', `page_token "${token}" is not one that this server gave.`);
}
