import { createLogger, systemClock } from '@unpair/platform';
import {
  CampaignServiceService as Service,
  CampaignState,
  encodeRecord,
  type Campaign,
} from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { CampaignRecords, newRecord } from '../src/campaigns/records.js';
import { requestFor, spec, taskCount } from './support/campaign-file.js';
import { ground, serve, type Ground, type Served } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

const logger = createLogger({ service: 'test', level: 'silent' });
/** Of three tasks, so that a thousand campaigns are soon done. */
const small = `
name: small
dataset: { source: cifar10, samples: 5 }
models: { full: { file: full.onnx } }
targets: [full]
surrogates: []
threat: { epsilon: 8/255 }
attacks: [rgf: { budget: 100 }]
allow: near-chance
`;
const smallRequest = (id: string) => ({ ...requestFor(id, small), calibration: '' });

async function list({ client }: Served): Promise<readonly Campaign[]> {
  const campaigns: Campaign[] = [];
  let pageToken = '';
  do {
    const request = { pageSize: 1_000, pageToken, states: [], labels: {} };
    const page = await client.unary(Service.listCampaigns, request);
    campaigns.push(...page.campaigns);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return campaigns;
}

const without = (campaigns: readonly Campaign[]) =>
  campaigns.map(({ progress, ...campaign }) => ({
    ...campaign,
    progress: { ...progress, secondsLeft: 0, inFlight: 0 },
  }));

test.each([1, 3, 100])(
  'of %i campaigns, ended and running, a coordinator that starts anew forgets none',
  async (count) => {
    await using base = await ground();
    let before: readonly Campaign[] = [];
    {
      await using served = await serve(base, { window: 1 });
      const half = Math.ceil(count / 2);
      for (let k = 0; k < half; k++) await served.client.unary(Service.createCampaign, smallRequest(`${k}`));
      await work({ connection: base.connection, limit: 2 * half }, new AbortController().signal);
      await eventually(async () => {
        const states = (await list(served)).map(({ state }) => state);
        expect(states).toEqual(Array(half).fill(CampaignState.SUCCEEDED));
      });
      for (let k = half; k < count; k++)
        await served.client.unary(Service.createCampaign, smallRequest(`${k}`));
      before = await eventually(async () => {
        const all = await list(served);
        // The campaigns share one window.
        const inFlight = all.filter(({ progress }) => (progress?.inFlight ?? 0) > 0);
        expect(inFlight.length).toBeGreaterThanOrEqual(Math.min(count - half, 2));
        return all;
      });
    }
    await using served = await serve(base, { window: 1 });
    const after = await list(served);
    expect(after).toHaveLength(count);
    expect(without(after)).toEqual(without(before));
  },
);

test('a thousand campaigns are there again within seconds', async () => {
  await using base = await ground();
  await (await serve(base))[Symbol.asyncDispose]();
  const records = await CampaignRecords.open(base.connection, { logger });
  const ids = Array.from({ length: 1_000 }, (_, k) => `${k}`);
  await Promise.all(ids.map((id) => records.create(smallRequest(id), systemClock.now())));
  const start = performance.now();
  await using served = await serve(base, { window: 1 });
  const seconds = (performance.now() - start) / 1_000;
  expect(await list(served)).toHaveLength(1_000);
  expect(seconds).toBeLessThan(40);
  process.stderr.write(`1,000 campaigns were entered in ${seconds.toFixed(1)} s\n`);
});

async function putRecord({ connection }: Ground, id: string, value: Uint8Array): Promise<void> {
  const bucket = await connection.jetstream().views.kv('unpair-campaigns');
  await bucket.put(id, value);
}

test('damaged records are set aside, and those that this version cannot read are listed: the others work', async () => {
  await using base = await ground();
  await (await serve(base))[Symbol.asyncDispose]();
  await putRecord(base, 'c-0000000000000000dead', Buffer.from('\xff\xff\xff not a record'));
  const old = newRecord(requestFor('old', spec.replace('seed: 7', 'seed: -1')), new Date(0));
  await putRecord(base, old.id, encodeRecord(old));
  await putRecord(base, 'c-00000000000000000bad', encodeRecord(old));
  {
    await using served = await serve(base);
    await served.client.unary(Service.createCampaign, smallRequest('good'));
    await work({ connection: base.connection, limit: 2 }, new AbortController().signal);
  }
  await using served = await serve(base);
  const { client } = served;
  await eventually(async () => {
    const all = await list(served);
    expect(all.map(({ name, state }) => [name, state])).toEqual([
      ['small', CampaignState.SUCCEEDED],
      ['synthetic', CampaignState.FAILED],
    ]);
    expect(all[1]?.failures).toEqual([
      `Campaign ${old.id} is not valid in this version: seed must be an integer of at least 0, got -1.`,
    ]);
  });
  await expect(client.unary(Service.getReport, { id: old.id })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  });
  await client.unary(Service.deleteCampaign, { id: old.id });
  expect(await list(served)).toHaveLength(1);
  const bucket = await base.connection.jetstream().views.kv('unpair-campaigns');
  const keys: string[] = [];
  for await (const key of await bucket.keys('damaged.>')) keys.push(key);
  expect(keys).toHaveLength(2);
});

test('a campaign that is entered again has the results that there are of it', async () => {
  await using base = await ground();
  {
    await using served = await serve(base);
    await served.client.unary(Service.createCampaign, requestFor('again'));
    await work({ connection: base.connection, limit: 12 }, new AbortController().signal);
    await eventually(async () => {
      expect((await list(served))[0]?.progress?.done).toBe(12);
    });
  }
  // A record that is lost, whatever it is lost by.
  const { id } = newRecord(requestFor('again'), new Date(0));
  await putRecord(base, id, Buffer.from('\xff\xff\xff'));
  await using served = await serve(base);
  expect(await list(served)).toEqual([]);
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('again'));
  expect(campaign).toMatchObject({ id, progress: { done: 12, tasks: taskCount } });
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  await eventually(async () => {
    expect((await list(served))[0]?.state).toBe(CampaignState.SUCCEEDED);
  });
  stop.abort();
  const again = (await working).map(({ index }) => index);
  expect(new Set(again).size).toBe(again.length);
  expect(again).toHaveLength(taskCount - 12);
});

test('results with an address that no plan has are passed over', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { campaign } = await served.client.unary(Service.createCampaign, smallRequest('odd'));
  const run = served.coordinator.book.get(campaign?.id ?? '');
  for (const index of [-1, 0.5, NaN, Infinity, 2 ** 53, run.plan.size]) {
    const outcome = {
      index,
      round: 0,
      sequence: 1,
      time: new Date(0),
      kind: 'done',
      queries: 5,
      seconds: 1,
      failure: '',
    } as const;
    expect(run.accept({ ...outcome, derived: undefined })).toBe(false);
    run.markInFlight(index);
  }
  expect(run.snapshot().progress).toMatchObject({ done: 0, queries: 0 });
});
