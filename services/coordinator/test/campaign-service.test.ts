import { UnpairError } from '@unpair/errors';
import {
  CampaignServiceService as Service,
  CampaignState,
  ExportFormat,
  ReportForm,
  ResumeScope,
} from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { derivedDigest, heldOut, requestFor, spec, taskCount } from './support/campaign-file.js';
import { ground, serve } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

test('a campaign runs through its stages to a report', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const { campaign } = await client.unary(Service.createCampaign, requestFor('one'));
  expect(campaign).toMatchObject({ name: 'synthetic', state: CampaignState.RUNNING });
  const id = campaign?.id ?? '';
  const done = new AbortController();
  const working = work({ connection: base.connection }, done.signal);
  const states = [];
  for await (const update of client.serverStream(Service.watchCampaign, { id, resumeToken: '' }))
    states.push(update);
  done.abort();
  const tasks = await working;
  expect(tasks.map(({ index }) => index).sort((a, b) => a - b)).toEqual([...Array(taskCount).keys()]);
  expect(tasks[0]?.work?.$case).toBe('derive');
  const surrogates = tasks.flatMap((task) =>
    task.work?.$case === 'similarity' ? task.work.value.surrogates : [],
  );
  expect(surrogates).toEqual(Array(12).fill({ id: 'int8', digest: derivedDigest }));
  const last = states.at(-1)?.campaign;
  expect(last).toMatchObject({ state: CampaignState.SUCCEEDED, failures: [] });
  expect(last?.progress).toMatchObject({ tasks: taskCount, done: taskCount, inFlight: 0, secondsLeft: 0 });
  expect(last?.progress?.queries).toBe(
    2 * [...Array(20).keys()].reduce((n, s) => n + (s % 5 ? 10 + s : 0), 0),
  );
  const report = JSON.parse((await client.unary(Service.getReport, { id })).report) as Record<
    string,
    unknown
  >;
  expect(report).toMatchObject({
    name: 'synthetic',
    integrity: { tasks: taskCount, results: taskCount, deadLetters: 0, cancelled: 0, wastedQueries: 0 },
    provenance: {
      file: expect.stringContaining('name: synthetic') as string,
      seed: 7,
      runtime: ['synthetic 1 cpu'],
      workers: [{ worker: 'synthetic', runtime: 'synthetic 1 cpu', results: taskCount }],
      versions: { unpair: 'test' },
    },
  });
  expect(report['models']).toMatchObject([{ id: 'full' }, { id: 'int8', digest: derivedDigest, bytes: 678 }]);
  expect(report['attacks']).toHaveLength(2);
  const { report: none, message } = await client.unary(Service.getReport, { id, form: ReportForm.MESSAGE });
  expect([none, message?.name]).toEqual(['', 'synthetic']);
  expect(message?.integrity?.resultsDigest).toBe(
    (report['integrity'] as { resultsDigest: string }).resultsDigest,
  );
  expect(message?.attacks[0]).toMatchObject({
    norm: 'NORM_LINF',
    samples: 16,
    parameters: expect.any(String) as string,
  });
  expect(message?.provenance?.started).toBeInstanceOf(Date);
});

test('the same request id answers with the same campaign, at once and later', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const both = [1, 2].map(() => client.unary(Service.createCampaign, requestFor('same')));
  const [first, second] = await Promise.all(both);
  expect(first?.campaign?.id).toBe(second?.campaign?.id);
  const other = await client.unary(Service.createCampaign, { ...requestFor('same'), spec: 'something else' });
  expect(other.campaign?.id).toBe(first?.campaign?.id);
  const { campaigns } = await client.unary(Service.listCampaigns, {
    pageSize: 0,
    pageToken: '',
    states: [],
    labels: {},
  });
  expect(campaigns).toHaveLength(1);
});

test('a bad campaign file is INVALID_ARGUMENT with every violation by its path, before anything starts', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const bad = spec
    .replace('budget: 100', 'budget: 0')
    .replace('of: full', 'of: ful')
    .replace('seed:', 'sed:');
  const create = served.client.unary(Service.createCampaign, { ...requestFor('bad', bad), requestId: '' });
  const error: unknown = await create.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UnpairError);
  const { code, violations } = error as UnpairError;
  expect(code).toBe('INVALID_ARGUMENT');
  const fields = violations.map(({ field }) => field);
  expect(fields).toContain('request_id');
  expect(fields).toContain('attacks[1].rgf.budget');
  expect(fields.some((field) => field.startsWith('models.int8'))).toBe(true);
  expect(violations.every(({ description }) => description.endsWith('.') || description.endsWith('?'))).toBe(
    true,
  );
  const { campaigns } = await served.client.unary(Service.listCampaigns, {
    pageSize: 0,
    pageToken: '',
    states: [],
    labels: {},
  });
  expect(campaigns).toEqual([]);
});

test('digests must be there, well formed and stored', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const request = requestFor('digests');
  const malformed = { ...request, models: { full: 'XYZ', other: request.samples }, calibration: '' };
  await expect(client.unary(Service.createCampaign, malformed)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    violations: [{ field: 'models.other' }, { field: 'models.full' }, { field: 'calibration' }],
  });
  const absent = { ...request, samples: 'a'.repeat(64) };
  await expect(client.unary(Service.createCampaign, absent)).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    violations: [{ field: 'samples' }],
  });
});

test('samples that models hold out must be there where the file asks for them', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const create = (digest: string, text: string = heldOut.spec): Promise<unknown> =>
    served.client.unary(Service.createCampaign, {
      ...requestFor(`held out ${digest}`, text),
      heldOut: digest,
    });
  const violations = [{ field: 'held_out' }];
  await expect(create('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', violations });
  await expect(create('XYZ', spec)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', violations });
  const absent = 'a'.repeat(64);
  await expect(create(absent)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', violations });
  expect(await create(heldOut.digest)).toMatchObject({ campaign: { state: CampaignState.RUNNING } });
});

test('an unknown campaign is NOT_FOUND, whatever is asked of it', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const expected = { code: 'NOT_FOUND', message: 'There is no campaign "c-0".' };
  const id = 'c-0';
  const [tasks, page] = [undefined, { pageSize: 0, pageToken: '' }];
  const changes = { priority: undefined, weight: undefined, engine: '', trainEngine: undefined };
  const calls: Promise<unknown>[] = [
    client.unary(Service.getCampaign, { id }),
    client.unary(Service.pauseCampaign, { id }),
    client.unary(Service.resumeCampaign, { id, scope: ResumeScope.FAILED, tasks }),
    client.unary(Service.cancelCampaign, { id }),
    client.unary(Service.dropTasks, { id, tasks }),
    client.unary(Service.updateCampaign, { id, ...changes }),
    client.unary(Service.deleteCampaign, { id }),
    client.unary(Service.listTasks, { id, tasks, ...page }),
    client.unary(Service.getReport, { id }),
    client.serverStream(Service.streamReport, { id }).next(),
    client.serverStream(Service.exportResults, { id, format: ExportFormat.CSV, table: 'attacks' }).next(),
    client.serverStream(Service.watchCampaign, { id, resumeToken: '' }).next(),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject(expected);
});

test('campaigns are listed newest first, in pages that new campaigns do not shift', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const ids: (string | undefined)[] = [];
  for (let k = 0; k < 5; k++)
    ids.unshift((await client.unary(Service.createCampaign, requestFor(`${k}`))).campaign?.id);
  const first = await client.unary(Service.listCampaigns, {
    pageSize: 2,
    pageToken: '',
    states: [],
    labels: {},
  });
  await client.unary(Service.createCampaign, requestFor('later'));
  const second = await client.unary(Service.listCampaigns, {
    pageSize: 2,
    pageToken: first.nextPageToken,
    states: [],
    labels: {},
  });
  const third = await client.unary(Service.listCampaigns, {
    pageSize: 2,
    pageToken: second.nextPageToken,
    states: [],
    labels: {},
  });
  const listed = [first, second, third].flatMap(({ campaigns }) => campaigns.map(({ id }) => id));
  expect(listed).toEqual(ids);
  expect(third.nextPageToken).toBe('');
  const bad = client.unary(Service.listCampaigns, {
    pageSize: 2,
    pageToken: 'nonsense',
    states: [],
    labels: {},
  });
  await expect(bad).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('cancelling stops publishing, empties the queue and counts what will not run', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const { campaign } = await client.unary(Service.createCampaign, requestFor('cancel'));
  const id = campaign?.id ?? '';
  await work({ connection: base.connection, limit: 3 }, new AbortController().signal);
  await eventually(async () => {
    const { campaign: now } = await client.unary(Service.getCampaign, { id });
    expect(now?.progress).toMatchObject({ done: 3 });
    expect(now?.progress?.inFlight).toBeGreaterThan(8);
  });
  const cancelled = await client.unary(Service.cancelCampaign, { id });
  expect(cancelled.campaign).toMatchObject({ state: CampaignState.CANCELLED });
  expect(cancelled.campaign?.progress).toMatchObject({ done: 3, cancelled: taskCount - 3, inFlight: 0 });
  const manager = await base.connection.jetstreamManager();
  expect((await manager.streams.info('UNPAIR_TASKS')).state.messages).toBe(0);
  const again = await client.unary(Service.cancelCampaign, { id });
  expect(again.campaign).toEqual(cancelled.campaign);
});
