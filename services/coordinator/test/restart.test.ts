import type { Report } from '@unpair/campaign';
import type { RpcClient } from '@unpair/platform';
import {
  CampaignServiceService as Service,
  CampaignState,
  type Task,
  type TaskResult,
} from '@unpair/protocol';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor, spec, taskCount } from './support/campaign-file.js';
import { ground, serve, type Ground } from './support/cluster.js';
import { endProcess, startProcess, type CoordinatorProcess } from './support/process.js';
import { work } from './support/synthetic-worker.js';

/** Tasks that the coordinators of this file keep in each queue. */
const window = 4;

/** A coordinator that leads. */
async function start(base: Ground): Promise<CoordinatorProcess> {
  const started = await startProcess(base, { window });
  await started.leads;
  return started;
}

interface Ending {
  readonly digest: string;
  readonly queries: number;
}

async function ending(client: RpcClient, id: string): Promise<Ending> {
  const campaign = await eventually(async () => {
    const { campaign: now } = await client.unary(Service.getCampaign, { id });
    expect(now?.progress?.done).toBe(taskCount);
    return now;
  });
  expect(campaign?.state).toBe(CampaignState.SUCCEEDED);
  const { report } = await client.unary(Service.getReport, { id });
  const { integrity } = JSON.parse(report) as { integrity: { resultsDigest: string; results: number } };
  expect(integrity.results).toBe(taskCount);
  return { digest: integrity.resultsDigest, queries: campaign?.progress?.queries ?? 0 };
}

/** What a run without any fault ends with. */
async function undisturbed(): Promise<Ending> {
  await using base = await ground();
  await using served = await serve(base);
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('restart'));
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  const result = await ending(served.client, campaign?.id ?? '');
  stop.abort();
  await working;
  return result;
}

async function messages({ connection }: Ground, stream: string): Promise<number> {
  const manager = await connection.jetstreamManager();
  return (await manager.streams.info(stream)).state.messages;
}

/** Waits until the coordinator has taken in what was done, so that a worker finds tasks after its death. */
async function windowFull(base: Ground): Promise<void> {
  await eventually(async () => {
    expect(await messages(base, 'UNPAIR_TASKS')).toBeGreaterThanOrEqual(window);
  });
}

test('kill -9 in mid-run, results while it is down, a lost result store: nothing is missing or double', async () => {
  await using base = await ground();
  await (await serve(base))[Symbol.asyncDispose]();
  const first = await start(base);
  const { campaign } = await first.client.unary(Service.createCampaign, requestFor('restart'));
  const id = campaign?.id ?? '';
  await work({ connection: base.connection, limit: 6 }, new AbortController().signal);
  await windowFull(base);
  await endProcess(first, 'SIGKILL');
  await work({ connection: base.connection, limit: 2 }, new AbortController().signal);

  const second = await start(base);
  const same = await second.client.unary(Service.createCampaign, requestFor('restart'));
  expect(same.campaign?.id).toBe(id);
  expect(same.campaign?.progress?.done).toBe(8);
  await work({ connection: base.connection, limit: 5 }, new AbortController().signal);
  await endProcess(second, 'SIGKILL');
  await rm(join(base.folder.path, 'results.duckdb'));

  const third = await start(base);
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  const result = await ending(third.client, id);
  stop.abort();
  await working;
  expect(await messages(base, 'UNPAIR_RESULTS')).toBe(taskCount);
  expect(result).toEqual(await undisturbed());
  expect(await endProcess(third, 'SIGTERM')).toBe(0);
});

test('a cancelled campaign stays cancelled with the same counts after a restart', async () => {
  await using base = await ground();
  const served = await serve(base);
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('cancelled'));
  const id = campaign?.id ?? '';
  await work({ connection: base.connection, limit: 4 }, new AbortController().signal);
  await eventually(async () => {
    const { campaign: now } = await served.client.unary(Service.getCampaign, { id });
    expect(now?.progress?.done).toBe(4);
  });
  const { campaign: before } = await served.client.unary(Service.cancelCampaign, { id });
  await served[Symbol.asyncDispose]();
  await using again = await serve(base);
  const { campaign: after } = await again.client.unary(Service.getCampaign, { id });
  expect(after).toEqual({ ...before, progress: { ...before?.progress, secondsLeft: 0 } });
});

/** Answers 3 to whatever it is shown. */
function guess({ work: content }: Task): TaskResult['outcome'] {
  if (content?.$case !== 'accuracy') return undefined;
  const { first, count } = content.value.samples ?? { first: 0, count: 0 };
  const rows = Array.from({ length: count }, (_, offset) => ({
    sample: first + offset,
    label: (first + offset) % 10,
    predicted: 3,
  }));
  const size = { parameters: 45, nonZero: 40, macs: 90, bytes: 678 };
  return { $case: 'accuracy', value: { model: content.value.model?.id ?? '', ...size, rows } };
}

test('a campaign whose model answers by chance ends before attacks, over restarts, and says so in its report', async () => {
  await using base = await ground();
  const request = requestFor('guess', spec.replace('allow: near-chance\n', ''));
  const { connection } = base;
  const some = (limit: number) => work({ connection, limit, outcome: guess }, new AbortController().signal);
  let id = '';
  {
    await using served = await serve(base);
    id = (await served.client.unary(Service.createCampaign, request)).campaign?.id ?? '';
    await some(2);
    await eventually(async () => {
      const { campaign: now } = await served.client.unary(Service.getCampaign, { id });
      expect(now?.progress).toMatchObject({ done: 2, inFlight: 2 });
    });
  }
  await using served = await serve(base);
  const { client } = served;
  const kinds = (await some(2)).map(({ work: content }) => content?.$case);
  expect(kinds).toEqual(['accuracy', 'accuracy']);
  const ended = await eventually(async () => {
    const { campaign: now } = await client.unary(Service.getCampaign, { id });
    expect(now?.state).toBe(CampaignState.FAILED);
    return now;
  });
  const phrase = /^is right on 2 of 20 samples \(10\.0 %\), hardly better than guessing among 10 classes/;
  expect(ended?.progress).toMatchObject({ done: 4, cancelled: taskCount - 4, failed: 0 });
  expect(ended?.failures.map((failure) => failure.replace(/^full /, ''))).toEqual([
    expect.stringMatching(phrase),
  ]);
  const report = JSON.parse((await client.unary(Service.getReport, { id })).report) as Report;
  expect(report.models.map(({ nearChance }) => nearChance)).toEqual([expect.stringMatching(phrase), null]);
  expect(report.attacks).toEqual([]);
  await served[Symbol.asyncDispose]();
  await using again = await serve(base);
  const { campaign: after } = await again.client.unary(Service.getCampaign, { id });
  expect(after).toEqual(ended);
});

test('the broker dies and comes back: the campaign goes on without a restart', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('broker'));
  await work({ connection: base.connection, limit: 5 }, new AbortController().signal);
  await base.nats.kill();
  await base.nats.restart();
  const stop = new AbortController();
  await eventually(() => base.connection.flush());
  const working = work({ connection: base.connection }, stop.signal);
  const { done } = await eventually(async () => {
    const { campaign: now } = await served.client.unary(Service.getCampaign, { id: campaign?.id ?? '' });
    expect(now?.state).toBe(CampaignState.SUCCEEDED);
    return now?.progress ?? { done: 0 };
  });
  expect(done).toBe(taskCount);
  stop.abort();
  await working.catch(() => undefined);
});
