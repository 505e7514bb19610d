import { ensureTopology } from '@unpair/platform';
import {
  campaignsBucket,
  CampaignServiceService as Service,
  CampaignState,
  decodeTask,
} from '@unpair/protocol';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ground, serve } from './support/cluster.js';

/**
 * A campaign as the version before left it in the broker: its record, a task, and all results. A release writes its own,
 * with the name of its version, before the next changes what is stored.
 */
const before = JSON.parse(readFileSync(new URL('before/0.1.0-campaign.json', import.meta.url), 'utf8')) as {
  readonly id: string;
  /** Of the report that the version before made of it. */
  readonly digest: string;
  readonly record: string;
  readonly task: string;
  readonly results: readonly { readonly subject: string; readonly data: string }[];
};

const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');

test('a campaign of the version before is read, with its results, to the same digest', async () => {
  await using base = await ground();
  await ensureTopology(base.connection);
  const stream = base.connection.jetstream();
  await (await stream.views.kv(campaignsBucket)).put(before.id, bytes(before.record));
  for (const { subject, data } of before.results) await stream.publish(subject, bytes(data));
  await using served = await serve(base);
  const { campaign } = await served.client.unary(Service.getCampaign, { id: before.id });
  expect(campaign).toMatchObject({
    name: 'synthetic',
    state: CampaignState.SUCCEEDED,
    labels: { team: 'red' },
    priority: 3,
    weight: 2,
  });
  expect(campaign?.progress).toMatchObject({ tasks: before.results.length, done: before.results.length });
  const { report } = await served.client.unary(Service.getReport, { id: before.id });
  expect(report).toContain(before.digest);
});

test('a task that the version before queued is read', () => {
  expect(decodeTask(bytes(before.task))).toMatchObject({ campaignId: before.id, seed: 7, round: 0 });
});
