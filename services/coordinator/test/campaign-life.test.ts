import {
  CampaignServiceService as Service,
  CampaignState,
  ExportFormat,
  ResumeScope,
  type Task,
  type TaskResult,
} from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor, spec, taskCount } from './support/campaign-file.js';
import { ground, serve, type Ground } from './support/cluster.js';
import { create, get, reaches, digestOf, working } from './support/life.js';
import { work } from './support/synthetic-worker.js';

async function queued({ connection }: Ground): Promise<number> {
  const manager = await connection.jetstreamManager();
  return (await manager.streams.info('UNPAIR_TASKS')).state.messages;
}

const engines = { engine: undefined, trainEngine: undefined };

test('a paused campaign releases nothing, over a restart, and goes on where it was', async () => {
  await using base = await ground();
  let id = '';
  {
    await using served = await serve(base);
    id = await create(served, 'paused');
    await work({ connection: base.connection, limit: 5 }, new AbortController().signal);
    await eventually(async () => {
      expect((await get(served, id))?.progress).toMatchObject({ done: 5 });
    });
    const { campaign } = await served.client.unary(Service.pauseCampaign, { id });
    expect(campaign).toMatchObject({ state: CampaignState.PAUSED, progress: { inFlight: 0, done: 5 } });
    expect(await queued(base)).toBe(0);
    expect((await served.client.unary(Service.pauseCampaign, { id })).campaign?.state).toBe(campaign?.state);
  }
  await using served = await serve(base);
  expect(await get(served, id)).toMatchObject({ state: CampaignState.PAUSED, progress: { done: 5 } });
  expect(await queued(base)).toBe(0);
  const taken = await working(base, async () => {
    const resume = { id, scope: ResumeScope.UNFINISHED, tasks: undefined };
    const { campaign } = await served.client.unary(Service.resumeCampaign, resume);
    expect(campaign).toMatchObject({ state: CampaignState.RUNNING, round: 1 });
    await reaches(served, id, CampaignState.SUCCEEDED);
  });
  expect(taken).toHaveLength(taskCount - 5);
  expect(taken.every(({ round }) => round === 1)).toBe(true);
});

test('a cancelled campaign can be run again at once, and what was on its way counts', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await create(served, 'cancelled');
  await work({ connection: base.connection, limit: 3 }, new AbortController().signal);
  await served.client.unary(Service.cancelCampaign, { id });
  await working(base, async () => {
    await served.client.unary(Service.resumeCampaign, {
      id,
      scope: ResumeScope.UNFINISHED,
      tasks: undefined,
    });
    await reaches(served, id, CampaignState.SUCCEEDED);
  });
  const ended = await get(served, id);
  expect(ended?.progress).toMatchObject({ done: taskCount, cancelled: 0 });
  await expect(served.client.unary(Service.cancelCampaign, { id })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: `Campaign ${id} is succeeded: only a campaign that is running or paused can be cancelled.`,
  });
});

test('a deleted campaign takes its results with it, and can be run as if it had never been', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const [id, other] = [await create(served, 'deleted'), await create(served, 'kept')];
  await expect(served.client.unary(Service.deleteCampaign, { id })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: `Campaign ${id} is running: cancel it before it is deleted.`,
  });
  await working(base, async () => {
    await reaches(served, id, CampaignState.SUCCEEDED);
    await reaches(served, other, CampaignState.SUCCEEDED);
  });
  const digest = await digestOf(served, other);
  await served.client.unary(Service.deleteCampaign, { id });
  await expect(get(served, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const manager = await base.connection.jetstreamManager();
  const { state } = await manager.streams.info('UNPAIR_RESULTS');
  expect(state.messages).toBe(taskCount);
  expect(await digestOf(served, other)).toBe(digest);
  const again = await create(served, 'deleted');
  expect(again).toBe(id);
  const taken = await working(base, () => reaches(served, id, CampaignState.SUCCEEDED));
  expect(taken).toHaveLength(taskCount);
});

test('a deletion that a crash interrupted is finished by the next coordinator', async () => {
  await using base = await ground();
  let id = '';
  {
    await using served = await serve(base);
    id = await create(served, 'half');
    await working(base, () => reaches(served, id, CampaignState.SUCCEEDED));
    const run = served.coordinator.book.get(id);
    await served.coordinator.records.amend(run, (record) => ({ ...record, deleteTime: new Date(0) }));
  }
  await using served = await serve(base);
  await expect(get(served, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const manager = await base.connection.jetstreamManager();
  expect((await manager.streams.info('UNPAIR_RESULTS')).state.messages).toBe(0);
});

test('the beginning of an id stands for it where it is unique, and is said to be ambiguous where not', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const ids: string[] = [];
  for (let k = 0; k < 20; k++) ids.push(await create(served, `many ${k}`));
  const [id = ''] = ids;
  expect((await get(served, id.slice(0, 12)))?.id).toBe(id);
  expect((await get(served, id.slice(2, 12)))?.id).toBe(id);
  const request = { id: id.slice(0, 12), format: ExportFormat.CSV, table: 'attacks' };
  const pieces: Uint8Array[] = [];
  for await (const { chunk } of served.client.serverStream(Service.exportResults, request))
    pieces.push(chunk);
  expect(Buffer.concat(pieces).toString()).toMatch(/^target,/);
  const error = get(served, 'c-');
  const some = [...ids].sort().slice(0, 3).join(', ');
  await expect(error).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `The id of 20 campaigns begins with "c-" (${some}, …): give more of it.`,
  });
  await expect(get(served, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('campaigns have labels, priority and weight; lists can be of some states and labels', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const labels = { team: 'red', 'study/run': '7' };
  const request = { ...requestFor('labelled'), labels, priority: 3, weight: 2 };
  const { campaign } = await client.unary(Service.createCampaign, request);
  expect(campaign).toMatchObject({ labels, priority: 3, weight: 2 });
  const plain = await create(served, 'plain');
  await client.unary(Service.pauseCampaign, { id: plain });
  const list = async (states: CampaignState[], wanted: Record<string, string>) =>
    (
      await client.unary(Service.listCampaigns, { pageSize: 0, pageToken: '', states, labels: wanted })
    ).campaigns.map(({ id }) => id);
  expect(await list([], { team: 'red' })).toEqual([campaign?.id]);
  expect(await list([], { team: 'blue' })).toEqual([]);
  expect(await list([CampaignState.PAUSED, CampaignState.FAILED], {})).toEqual([plain]);
  const changed = await client.unary(Service.updateCampaign, {
    id: plain,
    priority: -5,
    weight: undefined,
    ...engines,
  });
  expect(changed.campaign).toMatchObject({ priority: -5, weight: 1 });
  const bad = client.unary(Service.updateCampaign, { id: plain, priority: 5_000, weight: NaN, ...engines });
  await expect(bad).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    violations: [{ field: 'priority' }, { field: 'weight' }],
  });
  const odd = client.unary(Service.createCampaign, { ...requestFor('odd'), labels: { 'a b': '' } });
  await expect(odd).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field: 'labels' }] });
});

test('a campaign that ended because a model answers by chance is not run again, and says why', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await create(served, 'chance', spec.replace('allow: near-chance\n', ''));
  const guess = (task: Task): TaskResult['outcome'] | undefined => {
    if (task.work?.$case !== 'accuracy') return undefined;
    const { first, count } = task.work.value.samples ?? { first: 0, count: 0 };
    const rows = Array.from({ length: count }, (_, k) => ({
      sample: first + k,
      label: (first + k) % 10,
      predicted: 3,
    }));
    const size = { parameters: 45, nonZero: 40, macs: 90, bytes: 678 };
    return { $case: 'accuracy', value: { model: task.work.value.model?.id ?? '', ...size, rows } };
  };
  await working(base, () => reaches(served, id, CampaignState.FAILED), guess);
  for (const scope of [ResumeScope.UNFINISHED, ResumeScope.FAILED])
    await expect(
      served.client.unary(Service.resumeCampaign, { id, scope, tasks: undefined }),
    ).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(
        / is failed: nothing of it can be run, for full is right on 2 of 20/,
      ) as string,
    });
});
