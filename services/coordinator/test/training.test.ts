import type { Report } from '@unpair/campaign';
import {
  CampaignServiceService as Service,
  CampaignState,
  encodeTraining,
  trainingSubject,
  type Campaign,
  type Task,
  type TaskResult,
  type Training,
} from '@unpair/protocol';
import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { derivedDigest, requestFor, taskCount } from './support/campaign-file.js';
import { ground, serve, type Ground, type Served } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

/** What a worker says of the campaign's one derived model, task 0. */
const training: Training = {
  ...{ model: 'int8', step: 512, steps: 2048, epochs: 4, loss: 0.71, accuracy: 0.881 },
  ...{ measures: { cosine: -0.08, transfer: 0.31 }, secondsLeft: 180 },
};

const curve = [
  { step: 1024, loss: 0.75, accuracy: 0.875, measures: {} },
  { step: 2048, loss: 0.5, accuracy: 0.9, measures: { transfer: 0.25, cosine: -0.0625 } },
];

function say({ connection }: Ground, campaignId: string, index: number, message: Training): void {
  connection.publish(trainingSubject({ campaignId, index }), encodeTraining(message));
}

/** Starts the synthetic campaign and waits until its first task is queued. */
async function started({ client }: Served): Promise<string> {
  const { campaign } = await client.unary(Service.createCampaign, requestFor('training'));
  const id = campaign?.id ?? '';
  await eventually(async () => {
    const { campaign: now } = await client.unary(Service.getCampaign, { id });
    expect(now?.progress?.inFlight).toBe(9);
  });
  return id;
}

function withCurve({ work: content }: Task): TaskResult['outcome'] {
  if (content?.$case !== 'derive') return undefined;
  const size = { bytes: 123, parameters: 45, nonZero: 40, queries: 0 };
  return { $case: 'derived', value: { model: content.value.model, digest: derivedDigest, ...size, curve } };
}

async function finish(base: Ground, { client }: Served, id: string): Promise<Campaign | undefined> {
  const stop = new AbortController();
  const working = work({ connection: base.connection, outcome: withCurve }, stop.signal);
  const last = await eventually(async () => {
    const { campaign } = await client.unary(Service.getCampaign, { id });
    expect(campaign?.progress?.done).toBe(taskCount);
    return campaign;
  });
  stop.abort();
  await working;
  return last;
}

/** The lines of the metrics page that speak of training. */
async function series({ registry }: Served): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith('unpair_training_'));
}

test('what a worker says of its training is in the metrics while it lasts, and gone afterwards', async ({
  skip,
}) => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await started(served);
  say(base, id, 0, training);
  const labels = `campaign="${id}",model="int8"`;
  await eventually(async () => {
    expect((await series(served)).sort()).toEqual([
      `unpair_training_accuracy_ratio{${labels}} 0.881`,
      `unpair_training_loss{${labels}} 0.71`,
      `unpair_training_measure{${labels},measure="cosine"} -0.08`,
      `unpair_training_measure{${labels},measure="transfer"} 0.31`,
      `unpair_training_progress_ratio{${labels}} 0.25`,
    ]);
  });
  const text = await served.registry.metrics();
  await finish(base, served, id);
  // One that comes late, when the result is in.
  say(base, id, 0, { ...training, step: 2048 });
  await base.connection.flush();
  await served.client.unary(Service.getCampaign, { id });
  expect(await series(served)).toEqual([]);
  const check = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  skip(check.error !== undefined, 'promtool is not installed');
  expect(check.stdout + check.stderr).toBe('');
});

test('who watches sees every step forward, by a token that says where they were', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await started(served);
  const { client } = served;
  const watching = client.serverStream(Service.watchCampaign, { id, resumeToken: '' });
  const trainingOf = async () => {
    const { value } = await watching.next();
    return { training: value?.campaign?.training, token: value?.resumeToken ?? '' };
  };
  expect((await trainingOf()).training).toEqual([]);
  say(base, id, 0, training);
  const seen = await trainingOf();
  expect(seen.training).toEqual([training]);
  say(base, id, 0, { ...training, step: 513 });
  expect((await trainingOf()).training).toMatchObject([{ step: 513 }]);
  await watching.return();
  const resumed = client.serverStream(Service.watchCampaign, { id, resumeToken: seen.token });
  expect((await resumed.next()).value?.campaign?.training).toMatchObject([{ step: 513 }]);
  await resumed.return();
  expect((await finish(base, served, id))?.training).toEqual([]);
});

test('what is said of no task in flight that trains, and what is no message, changes nothing', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await started(served);
  const before = served.coordinator.book.get(id).token;
  say(base, id, 0, { ...training, model: 'other' });
  say(base, id, 1, training);
  say(base, id, taskCount, training);
  say(base, 'c-0', 0, training);
  base.connection.publish(trainingSubject({ campaignId: id, index: 0 }), Uint8Array.of(0x0a, 0xff));
  base.connection.publish('training.odd.one', encodeTraining(training));
  await base.connection.flush();
  expect(served.coordinator.book.get(id).token).toBe(before);
  say(base, id, 0, training);
  await eventually(() => {
    expect(served.coordinator.book.get(id).training.all()).toEqual([training]);
  });
  const { campaign } = await served.client.unary(Service.cancelCampaign, { id });
  expect(campaign?.training).toEqual([]);
});

test('the report has the course of a training that came to nothing beside the sentence that says so', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await started(served);
  const message = 'training collapsed by step 2048: the accuracy on recent batches is 0.100';
  const failure = { code: 'FAILED_PRECONDITION', message, training: { model: 'int8', curve } };
  const outcome = ({ work: content }: Task): TaskResult['outcome'] =>
    content?.$case === 'derive' ? { $case: 'failure', value: failure } : undefined;
  const stop = new AbortController();
  const working = work({ connection: base.connection, outcome }, stop.signal);
  await eventually(async () => {
    const { campaign } = await served.client.unary(Service.getCampaign, { id });
    expect(campaign?.state).toBe(CampaignState.FAILED);
  });
  stop.abort();
  await working;
  const reply = await served.client.unary(Service.getReport, { id });
  const { models } = JSON.parse(reply.report) as Report;
  expect(models.map((model) => [model.id, model.failure, model.training])).toEqual([
    ['full', null, null],
    ['int8', message, curve],
  ]);
});

test('the report has the course of the training, also from a result store that was lost', async () => {
  await using base = await ground();
  const served = await serve(base);
  const id = await started(served);
  await finish(base, served, id);
  const reportOf = async ({ client }: Served): Promise<Report> =>
    JSON.parse((await client.unary(Service.getReport, { id })).report) as Report;
  const report = await reportOf(served);
  expect(report.models.map((model) => [model.id, model.training])).toEqual([
    ['full', null],
    ['int8', curve],
  ]);
  await served[Symbol.asyncDispose]();
  await rm(join(base.folder.path, 'results.duckdb'));
  await using again = await serve(base);
  expect((await reportOf(again)).models).toEqual(report.models);
});
