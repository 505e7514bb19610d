import type { Report } from '@unpair/campaign';
import { createLogger } from '@unpair/platform';
import {
  campaignsBucket,
  CampaignServiceService as Service,
  CampaignState,
  resultsStream,
  tasksStream,
} from '@unpair/protocol';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor, taskCount } from './support/campaign-file.js';
import { ground, serve, type Ground, type Served } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

async function started({ client }: Served): Promise<string> {
  return (await client.unary(Service.createCampaign, requestFor('set-back'))).campaign?.id ?? '';
}

/** Works until so many tasks are done, or a few more. */
async function take({ connection }: Ground, { client }: Served, id: string, done: number): Promise<number> {
  const stop = new AbortController();
  const working = work({ connection, limit: done }, stop.signal);
  const count = await eventually(async () => {
    const { campaign } = await client.unary(Service.getCampaign, { id });
    expect(campaign?.progress?.done).toBeGreaterThanOrEqual(done);
    return campaign?.progress?.done ?? 0;
  });
  stop.abort();
  await working;
  return count;
}

async function reportAtEnd(base: Ground, { client }: Served, id: string): Promise<Report> {
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  await eventually(async () => {
    const { campaign } = await client.unary(Service.getCampaign, { id });
    expect(campaign?.state).toBe(CampaignState.SUCCEEDED);
  });
  stop.abort();
  await working.catch(() => undefined);
  return JSON.parse((await client.unary(Service.getReport, { id })).report) as Report;
}

/** The digest of the synthetic campaign, as nothing has happened to it. */
async function undisturbed(): Promise<string> {
  await using base = await ground();
  await using served = await serve(base);
  const report = await reportAtEnd(base, served, await started(served));
  return report.integrity.resultsDigest;
}

test('a broker that was set back ends the coordinator with a sentence, and the next one rebuilds its store', async () => {
  const digest = await undisturbed();
  await using base = await ground();
  const first = await serve(base);
  const id = await started(first);
  await take(base, first, id, 4);
  await base.nats.save();
  await eventually(() => base.connection.flush());
  await take(base, first, id, 8);
  await first.coordinator.store.flush();
  await base.nats.setBack();
  await expect(first.coordinator.finished()).rejects.toMatchObject({
    code: 'DATA_LOSS',
    message: expect.stringMatching(/^The results stream of the broker was set back or made anew/) as string,
  });
  await first[Symbol.asyncDispose]();
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'test', level: 'warn', destination });
  await using again = await serve(base, { logger });
  expect(lines.join('')).toContain('the results stream was set back: the result store is rebuilt from it');
  const { integrity } = await reportAtEnd(base, again, id);
  expect(integrity).toMatchObject({ results: taskCount, deadLetters: 0, resultsDigest: digest });
});

test('a store whose last message was deleted from the stream, and nothing else, is kept', async () => {
  await using base = await ground();
  const first = await serve(base);
  const id = await started(first);
  await take(base, first, id, 4);
  await first[Symbol.asyncDispose]();
  const manager = await base.connection.jetstreamManager();
  await manager.streams.deleteMessage(resultsStream, 4);
  {
    await using again = await serve(base);
    const { campaign } = await again.client.unary(Service.getCampaign, { id });
    expect(campaign?.progress?.done).toBe(4);
  }
  // A store that has to read what is left finds the end of it, although the last position is empty.
  await rm(join(base.folder.path, 'results.duckdb'));
  await using rebuilt = await serve(base);
  const { campaign } = await rebuilt.client.unary(Service.getCampaign, { id });
  expect(campaign?.progress?.done).toBe(3);
});

test('streams, consumers and campaign records that are deleted meanwhile are made again', async () => {
  await using base = await ground();
  const served = await serve(base, { reconcileInterval: 500 });
  const id = await started(served);
  await take(base, served, id, 4);
  const manager = await base.connection.jetstreamManager();
  await manager.streams.delete(tasksStream);
  await manager.streams.delete(`KV_${campaignsBucket}`);
  for await (const { name } of manager.consumers.list(resultsStream))
    await manager.consumers.delete(resultsStream, name);
  await base.nats.kill();
  await base.nats.restart();
  await eventually(async () => {
    expect((await manager.streams.info(tasksStream)).config.name).toBe(tasksStream);
  });
  const { integrity } = await reportAtEnd(base, served, id);
  expect(integrity).toMatchObject({ results: taskCount, deadLetters: 0 });
  await served[Symbol.asyncDispose]();
  await using again = await serve(base);
  expect(again.coordinator.book.get(id).snapshot()).toMatchObject({ state: CampaignState.SUCCEEDED });
});
