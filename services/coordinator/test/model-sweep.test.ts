import type { Report } from '@unpair/campaign';
import {
  CampaignServiceService as Service,
  encodeTraining,
  ExportFormat,
  trainingSubject,
} from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor, spec } from './support/campaign-file.js';
import { ground, serve } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

const SWEPT = spec
  .replace('of: full }', 'of: full, weights: [8, 4] }')
  .replace('targets:', '  again: { imitate: { of: int8, from: full, rate: [1e-7] } }\ntargets:')
  .replace('surrogates: [int8]', 'surrogates: [int8, { ensemble: [again, int8] }]');

const AGAIN = [8, 4].map((weights) => `again[rate=1e-7,int8.weights=${weights}]`);
const INT8 = ['int8[weights=8]', 'int8[weights=4]'];
const ENSEMBLES = AGAIN.flatMap((again) => INT8.map((int8) => `${again}+${int8}`));

test('names of swept models go through tasks, results, metrics, the report and exports as they are', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const { campaign } = await client.unary(Service.createCampaign, requestFor('swept', SWEPT));
  const id = campaign?.id ?? '';
  const message = { step: 1, steps: 2, epochs: 1, loss: 0.5, accuracy: 0.5, measures: {}, secondsLeft: 1 };
  const subject = trainingSubject({ campaignId: id, index: 1 });
  await eventually(async () => {
    // As a worker does that goes on: what is said before the task counts as in flight is lost.
    base.connection.publish(subject, encodeTraining({ model: 'int8[weights=4]', ...message }));
    const text = await served.registry.metrics();
    expect(text).toContain(`unpair_training_loss{campaign="${id}",model="int8[weights=4]"} 0.5`);
  });

  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  await eventually(async () => {
    const { campaign: now } = await client.unary(Service.getCampaign, { id });
    expect(now?.progress?.done).toBe(now?.progress?.tasks);
  });
  stop.abort();
  const tasks = await working;
  const derived = tasks.flatMap(({ work: content }) => (content?.$case === 'derive' ? [content.value] : []));
  expect(derived.map(({ model, of, parameters }) => [model, of?.id, parameters]).sort()).toMatchObject([
    [AGAIN[1], INT8[1], expect.stringContaining('"rate":1e-7')],
    [AGAIN[0], INT8[0], expect.stringContaining('"rate":1e-7')],
    [INT8[1], 'full', expect.stringContaining('"weights":4')],
    [INT8[0], 'full', expect.stringContaining('"weights":8')],
  ]);

  const report = JSON.parse((await client.unary(Service.getReport, { id })).report) as Report;
  expect(report.integrity).toMatchObject({ failed: 0, deadLetters: 0, results: tasks.length });
  expect(report.models.map(({ id: model, accuracy }) => [model, accuracy?.samples])).toEqual(
    ['full', ...INT8, ...AGAIN].map((model) => [model, 20]),
  );
  expect(report.similarity.map(({ surrogate, samples }) => [surrogate, samples])).toEqual(
    [...INT8, ...ENSEMBLES].map((surrogate) => [surrogate, 20]),
  );
  const through = report.attacks.map(({ surrogate }) => surrogate);
  expect(through).toEqual([...INT8, ...ENSEMBLES, null]);

  const chunks: Uint8Array[] = [];
  const request = { id, format: ExportFormat.CSV, table: 'similarity' };
  for await (const { chunk } of client.serverStream(Service.exportResults, request)) chunks.push(chunk);
  // CSV puts what holds a comma in quotes.
  expect(Buffer.concat(chunks).toString()).toContain(`\n"${ENSEMBLES[0] ?? ''}",full,clean,0,`);
});
