import type { Report } from '@unpair/campaign';
import { createLogger } from '@unpair/platform';
import {
  CampaignServiceService as Service,
  CampaignState,
  encodeResult,
  encodeWasted,
  resultSubject,
  trainingSubject,
  type Task,
  type TaskResult,
} from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor, taskCount } from './support/campaign-file.js';
import { ground, serve, type Ground, type Served } from './support/cluster.js';
import { syntheticResult, work } from './support/synthetic-worker.js';

const noise = Uint8Array.of(0x0a, 0xff, 0x01);

async function started({ client }: Served, requestId: string): Promise<string> {
  return (await client.unary(Service.createCampaign, requestFor(requestId))).campaign?.id ?? '';
}

/** Writes to the results stream as no worker of ours would: without a fence, anywhere. */
async function write({ connection }: Ground, subject: string, data: Uint8Array): Promise<void> {
  await connection.jetstream().publish(subject, data);
}

/** Lets a worker take what there is until the campaign has ended, and returns what it says of failures. */
async function finished(
  base: Ground,
  { client }: Served,
  id: string,
  outcome?: Outcomes,
): Promise<readonly string[]> {
  const stop = new AbortController();
  const working = work({ connection: base.connection, ...(outcome && { outcome }) }, stop.signal);
  const failures = await eventually(async () => {
    const { campaign } = await client.unary(Service.getCampaign, { id });
    expect(campaign?.state).not.toBe(CampaignState.RUNNING);
    return campaign?.failures ?? [];
  });
  stop.abort();
  await working;
  return failures;
}

type Outcomes = (task: Task) => TaskResult['outcome'];

async function reportOf({ client }: Served, id: string): Promise<Report> {
  return JSON.parse((await client.unary(Service.getReport, { id })).report) as Report;
}

/** Reports hold when the campaign started and ended. */
function comparable({ provenance, ...report }: Report): unknown {
  return { ...report, provenance: { ...provenance, started: '', finished: '' } };
}

test('messages that name no task of any plan change nothing, at the time and at every start after', async () => {
  await using base = await ground();
  const first = await serve(base);
  const id = await started(first, 'hostile');
  const derived = {
    campaignId: id,
    index: 0,
    round: 0,
    generation: 0,
    worker: 'w',
    runtime: 'r',
    seconds: 1,
  };
  const nothing: TaskResult = { ...derived, outcome: undefined };
  for (const index of [-1, taskCount, 2 ** 53 - 1, 2 ** 62])
    await write(
      base,
      `results.${id}.${index}`,
      encodeResult({ ...nothing, index: Math.min(index, 2 ** 53 - 1) }),
    );
  await write(base, `results.${id}.01`, encodeResult(nothing));
  await write(base, `results.${id}.0.0`, encodeResult(nothing));
  await write(base, 'results.nobody.3', encodeResult({ ...nothing, campaignId: 'nobody', index: 3 }));
  await write(base, 'results.nobody.4', noise);
  await write(base, `wasted.${id}`, noise);
  const wasted = { campaignId: id, index: 0, generation: 0, worker: 'w', queries: 5, error: '' };
  await write(base, `wasted.${id}`, encodeWasted({ ...wasted, index: taskCount }));
  await write(base, `wasted.${id}`, encodeWasted({ ...wasted, queries: -5 }));
  await write(base, 'wasted.nobody', encodeWasted(wasted));
  expect(await finished(base, first, id)).toEqual([]);
  const report = await reportOf(first, id);
  expect(report.integrity).toMatchObject({ results: taskCount, wastedQueries: 0 });
  expect(await first.registry.metrics()).toContain('unpair_messages_skipped_total{reason="out_of_plan"} 3');
  await first[Symbol.asyncDispose]();
  await using again = await serve(base);
  expect(comparable(await reportOf(again, id))).toEqual(comparable(report));
});

test('what lies in place of a result and is none ends its task with a sentence, never the report', async () => {
  await using base = await ground();
  await using served = await serve(base, { window: 1 });
  const id = await started(served, 'spoilt');
  const place = { campaignId: id, round: 0, generation: 0, worker: 'w', runtime: 'r', seconds: 1 };
  const subject = (index: number): string => resultSubject({ ...place, index });
  await write(base, subject(1), noise);
  await write(base, subject(2), encodeResult({ ...place, index: 3, outcome: undefined }));
  const failures = await finished(base, served, id, (task) => {
    const { outcome } = syntheticResult(task);
    if (outcome?.$case === 'accuracy' && task.index === 3)
      return { ...outcome, value: { ...outcome.value, rows: outcome.value.rows.slice(1) } };
    if (outcome?.$case === 'accuracy' && task.index === 4)
      return { ...outcome, value: { ...outcome.value, model: 'x' } };
    if (outcome?.$case !== 'attack') return outcome;
    const rows = outcome.value.rows.map((row) => (row.sample === 6 ? { ...row, sample: 5 } : row));
    return { ...outcome, value: { ...outcome.value, rows } };
  });
  // Tasks of several kinds come in any order.
  expect(failures.map((failure) => failure.replace(/^.*?: /, '')).sort()).toEqual([
    'The result of the task has 4 rows for 5 samples.',
    'The result of the task has two rows for sample 5.',
    'The result of the task has two rows for sample 5.',
    'The result of the task is damaged (3 bytes).',
    'The result of the task is of model "x", not "full".',
    'The result of the task says that it is of another task.',
  ]);
  const { integrity, attacks } = await reportOf(served, id);
  expect(integrity).toMatchObject({ results: taskCount - 6, failed: 6 });
  expect(attacks.map(({ evaluated }) => evaluated)).toEqual([15, 15]);
});

test('only the first result of a task that is done counts; any other is wasted, in whatever round', async () => {
  await using base = await ground();
  const first = await serve(base);
  const id = await started(first, 'twice');
  const seen: Task[] = [];
  await finished(base, first, id, (task) => {
    seen.push(task);
    return undefined;
  });
  const before = await reportOf(first, id);
  const attacks = seen.filter(({ work: content }) => content?.$case === 'attack');
  for (const task of attacks) {
    for (const round of [0, 1]) {
      const again = syntheticResult({ ...task, round });
      await write(base, resultSubject(again), encodeResult({ ...again, worker: 'another' }));
    }
    const failure = { code: 'INTERNAL', message: 'late', training: undefined };
    const failed = syntheticResult({ ...task, round: 2 }, { $case: 'failure', value: failure });
    await write(base, resultSubject(failed), encodeResult(failed));
  }
  const wastedQueries = 2 * 2 * 320;
  const after = await eventually(async () => {
    const report = await reportOf(first, id);
    expect(report.integrity.wastedQueries).toBe(wastedQueries);
    return report;
  });
  const expected = { ...before, integrity: { ...before.integrity, wastedQueries } };
  expect(after).toEqual(expected);
  await first[Symbol.asyncDispose]();
  await using again = await serve(base);
  expect(await reportOf(again, id)).toEqual(expected);
  expect((await again.client.unary(Service.getCampaign, { id })).campaign?.failures).toEqual([]);
});

test('ten thousand messages that are none cost a few lines of log, and no line a stack', async () => {
  await using base = await ground();
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'test', level: 'warn', destination });
  await using served = await serve(base, { logger });
  const id = await started(served, 'noise');
  const { connection } = base;
  for (let at = 0; at < 5_000; at++) {
    connection.publish(`results.${id}.${at}`, noise);
    connection.publish(trainingSubject({ campaignId: id, index: 0 }), noise);
  }
  await connection.flush();
  await eventually(async () => {
    expect(await served.registry.metrics()).toMatch(/skipped_total\{reason="out_of_plan"\} 4970/);
    expect(await served.registry.metrics()).toMatch(/skipped_total\{reason="training"\} 5000/);
  });
  expect(lines.length).toBeLessThan(20);
  expect(lines.join('')).not.toMatch(/DataView|Offset|\\n {4}at /);
});
