import { DuckDBInstance } from '@duckdb/node-api';
import type { Report } from '@unpair/campaign';
import { CampaignServiceService as Service, CampaignState, ExportFormat } from '@unpair/protocol';
import { digestOf, type RpcClient } from '@unpair/platform';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { asOneMessage, inChunks } from '../src/api/report.js';
import { requestFor, spec, taskCount } from './support/campaign-file.js';
import { ground, serve, type Ground, type Served } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

/** Runs the synthetic campaign to its end. */
async function finished({ connection }: Ground, { client }: Served, requestId = 'results'): Promise<string> {
  const { campaign } = await client.unary(Service.createCampaign, requestFor(requestId));
  const id = campaign?.id ?? '';
  const stop = new AbortController();
  const working = work({ connection }, stop.signal);
  await eventually(async () => {
    const { campaign: now } = await client.unary(Service.getCampaign, { id });
    expect(now?.progress?.done).toBe(taskCount);
  });
  stop.abort();
  await working;
  return id;
}

async function exported(client: RpcClient, id: string, format: ExportFormat, table: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const request = { id, format, table };
  for await (const { chunk } of client.serverStream(Service.exportResults, request)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('rows are exported as Parquet, CSV and JSON lines, with the cells spelt out', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const id = await finished(base, served);
  const lines = (await exported(client, id, ExportFormat.JSONL, 'attacks')).toString().trim().split('\n');
  expect(lines).toHaveLength(40);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    target: 'full',
    norm: 'linf',
    epsilon: 8 / 255,
    sample: 0,
  });
  const attacks = new Set(lines.map((line) => (JSON.parse(line) as { attack: string }).attack));
  expect(attacks).toEqual(new Set(['mi-fgsm', 'rgf']));
  const csv = (await exported(client, id, ExportFormat.CSV, 'accuracy')).toString().split('\n');
  expect(csv.slice(0, 3)).toEqual(['model,sample,label,predicted', 'full,0,0,1', 'full,1,1,1']);
  const similarity = (await exported(client, id, ExportFormat.JSONL, 'similarity'))
    .toString()
    .trim()
    .split('\n');
  expect(JSON.parse(similarity[3] ?? '')).toMatchObject({ sample: 3, cosine: null });
  const file = join(base.folder.path, 'attacks.parquet');
  await writeFile(file, await exported(client, id, ExportFormat.PARQUET, 'attacks'));
  const connection = await (await DuckDBInstance.create()).connect();
  const reader = await connection.runAndReadAll(
    `SELECT count(*)::INTEGER AS n, sum(queries)::INTEGER AS q FROM '${file}'`,
  );
  expect(reader.getRowObjectsJS()).toEqual([{ n: 40, q: 2 * 320 }]);
  connection.closeSync();
  expect((await readdir(base.folder.path)).filter((name) => name.startsWith('export-'))).toEqual([]);
});

test('a defended campaign has its masking rows in the report and in exports, and bills what imitations asked', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const unpaired = '  unpaired: { unpair: { of: full, from: full } }';
  const text = spec
    .replace('targets:', `${unpaired}\ntargets:`)
    .replace('surrogates: [int8]', 'surrogates: [int8, unpaired]');
  const { campaign } = await client.unary(Service.createCampaign, requestFor('defended', text));
  const id = campaign?.id ?? '';
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  await eventually(async () => {
    const { campaign: now } = await client.unary(Service.getCampaign, { id });
    expect(now?.state).toBe(CampaignState.SUCCEEDED);
  });
  stop.abort();
  await working;
  const { report: bytes } = await client.unary(Service.getReport, { id });
  const report = JSON.parse(bytes) as Report;
  expect(report.models.slice(-4).map(({ id: name, queries }) => [name, queries])).toEqual([
    ['unpaired~imitated-1000', 20],
    ['unpaired~imitated-1000-rate-0.01', 20],
    ['unpaired~imitated-10000', 20],
    ['unpaired~imitated-10000-rate-0.01', 20],
  ]);
  // Of twenty samples, every fifth is wrong to begin with; the loss of one does not rise.
  expect(report.defence[0]?.masking).toMatchObject({
    unboundedAttack: { passed: true, value: 1, samples: 16 },
    lossRises: { passed: true, value: 0.95, samples: 20 },
  });
  const csv = (await exported(client, id, ExportFormat.CSV, 'masking')).toString().split('\n');
  expect(csv.slice(0, 3)).toEqual([
    'model,sample,clean_correct,unbounded,gradient,random,loss_rises,gradient_vanishes,gradient_invalid',
    'unpaired,0,false,false,false,false,true,false,false',
    'unpaired,1,true,true,true,false,true,false,false',
  ]);
  expect(await served.registry.metrics()).toContain('unpair_target_queries_total{attack="imitate"} 80');
});

test('a report is had in pieces, which may be more than one message holds', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const id = await finished(base, served, 'pieces');
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of client.serverStream(Service.streamReport, { id })) chunks.push(chunk);
  const { report } = await client.unary(Service.getReport, { id });
  expect(Buffer.concat(chunks).toString()).toBe(report);
  const large = { ...(JSON.parse(report) as Report), name: 'ü'.repeat(2 * 2 ** 20) };
  expect(() => asOneMessage(large)).toThrow(
    /^The report has \d+ bytes, and one message at most 4193280: ask for it by/,
  );
  expect(JSON.parse(Buffer.concat([...inChunks(large)]).toString())).toEqual(large);
  const missing = client.serverStream(Service.streamReport, { id: 'c-0' });
  await expect(missing.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('an export of something else is refused with what there is', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = (await served.client.unary(Service.createCampaign, requestFor('refused'))).campaign?.id ?? '';
  const table = exported(served.client, id, ExportFormat.CSV, 'secrets');
  await expect(table).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'table must be one of attacks, accuracy, similarity, alignment, masking, got "secrets".',
  });
  const format = exported(served.client, id, ExportFormat.UNSPECIFIED, 'attacks');
  await expect(format).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field: 'format' }] });
});

test('watching resumes by token: only later states, and none after the last', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const { campaign } = await client.unary(Service.createCampaign, requestFor('watch'));
  const id = campaign?.id ?? '';
  const watching = client.serverStream(Service.watchCampaign, { id, resumeToken: '' });
  const first = (await watching.next()).value;
  await work({ connection: base.connection, limit: 5 }, new AbortController().signal);
  const next = await eventually(async () => {
    const { value } = await watching.next();
    expect(value?.campaign?.progress?.done).toBe(5);
    return value;
  });
  await watching.return();
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  const later = [];
  const resumed = client.serverStream(Service.watchCampaign, { id, resumeToken: next?.resumeToken ?? '' });
  for await (const update of resumed) later.push(update);
  stop.abort();
  await working;
  expect(first?.campaign?.progress?.done).toBe(0);
  expect(later[0]?.campaign?.progress?.done).toBeGreaterThanOrEqual(5);
  expect(later.at(-1)?.campaign?.progress?.done).toBe(taskCount);
  const token = later.at(-1)?.resumeToken ?? '';
  const after = client.serverStream(Service.watchCampaign, { id, resumeToken: token });
  expect((await after.next()).done).toBe(true);
});

test('metrics follow campaigns, begin at 0, and please promtool', async ({ skip }) => {
  await using base = await ground();
  await using served = await serve(base);
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('running'));
  const labels = `campaign="${campaign?.id ?? ''}",name="synthetic",tenant=""`;
  await eventually(async () => {
    const text = await served.registry.metrics();
    expect(text).toContain('unpair_tasks{state="in_flight"} 9');
    expect(text).toContain('unpair_queue_depth_tasks{queue="any_synthetic_measure"} 4');
    expect(text).toContain(`unpair_campaign_progress_ratio{${labels}} 0`);
    // Also what waits outside the windows.
    expect(text).toContain('unpair_open_tasks{label="any",kind="attack"} 8');
    for (const each of ['task_results_total{outcome="dead_letter"}', 'target_queries_total{attack="square"}'])
      expect(text).toContain(`unpair_${each} 0`);
    expect(text).toMatch(/unpair_stream_limit_bytes\{stream="UNPAIR_TASKS"\} 268435456/);
  });
  await finished(base, served, 'running');
  await served.coordinator.figures.look(new AbortController().signal);
  const text = await served.registry.metrics();
  expect(text).toMatch(/unpair_campaign_success_ratio\{.*attack="rgf".*epsilon="8\/255"\} 0\.5/);
  expect(text).toMatch(/unpair_campaign_success_within_ratio\{.*attack="rgf".*queries="100"\} 0\.5/);
  expect(text).toContain('unpair_target_queries_total{attack="rgf"} 320');
  expect(text).toContain(`unpair_task_results_total{outcome="done"} ${taskCount}`);
  expect(text).toContain('unpair_campaigns{state="succeeded"} 1');
  // For an hour: who looks an hour later still sees how it ended.
  expect(text).toContain(`unpair_campaign_progress_ratio{${labels}} 1`);
  expect(text).toContain(`unpair_campaign_queries{${labels},fate="accepted"} 640`);
  expect(text).toContain(`unpair_campaign_device_seconds{${labels},kind="attack"} 4`);
  const check = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  skip(check.error !== undefined, 'promtool is not installed');
  expect(check.stdout + check.stderr).toBe('');
});

test('artefacts go up and down over gRPC, and the missing ones are named once', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const content = randomBytes(1_500_000);
  const digest = digestOf(content);
  const missing = await client.unary(Service.findMissingArtefacts, {
    digests: [digest, digest, requestFor('x').samples],
  });
  expect(missing.digests).toEqual([digest]);
  const pieces = [0, 1, 2].map((part) => content.subarray(part * 500_000, (part + 1) * 500_000));
  const messages = pieces.map((chunk, part) => ({ digest: part === 0 ? digest : '', chunk }));
  const stored = await client.clientStream(Service.uploadArtefact, messages);
  expect(stored).toEqual({ digest, bytes: content.length });
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of client.serverStream(Service.downloadArtefact, { digest })) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
  const wrong = client.clientStream(Service.uploadArtefact, [{ digest: 'b'.repeat(64), chunk: content }]);
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
