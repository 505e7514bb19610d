import type { Report } from '@unpair/campaign';
import {
  CampaignServiceService as Service,
  CampaignState,
  ExportFormat,
  ResumeScope,
  TaskState,
  type Campaign,
  type ListTasksResponse,
  type TaskFilter,
  type Task,
  type TaskResult,
} from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor, spec, taskCount } from './support/campaign-file.js';
import { ground, serve, type Ground, type Served } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

async function create({ client }: Served, name: string, text?: string): Promise<string> {
  return (await client.unary(Service.createCampaign, requestFor(name, text))).campaign?.id ?? '';
}

async function get({ client }: Served, id: string): Promise<Campaign | undefined> {
  return (await client.unary(Service.getCampaign, { id })).campaign;
}

async function reaches(served: Served, id: string, state: CampaignState): Promise<Campaign | undefined> {
  return eventually(async () => {
    const campaign = await get(served, id);
    expect(campaign?.state).toBe(state);
    return campaign;
  });
}

async function digestOf({ client }: Served, id: string): Promise<string> {
  const report = JSON.parse((await client.unary(Service.getReport, { id })).report) as Report;
  return report.integrity.resultsDigest;
}

/** Lets a worker work while `action` goes on. @returns what it took */
async function working(
  { connection }: Ground,
  action: () => Promise<unknown>,
  outcome: (task: Task) => TaskResult['outcome'] | undefined = () => undefined,
): Promise<readonly Task[]> {
  const stop = new AbortController();
  const taken = work({ connection, outcome }, stop.signal);
  try {
    await action();
  } finally {
    stop.abort();
  }
  return taken;
}

async function queued({ connection }: Ground): Promise<number> {
  const manager = await connection.jetstreamManager();
  return (await manager.streams.info('UNPAIR_TASKS')).state.messages;
}

const failing = (task: Task): TaskResult['outcome'] | undefined =>
  task.work?.$case === 'attack' && task.round === 0
    ? { $case: 'failure', value: { code: 'INVALID_ARGUMENT', message: 'it cannot be', training: undefined } }
    : undefined;

const engines = { engine: undefined, trainEngine: undefined };

const rounded = (all: Campaign | undefined) => ({ ...all, progress: { ...all?.progress, secondsLeft: 0 } });

/** Tasks as a client asks for them. */
function only(wanted: Partial<TaskFilter>): TaskFilter {
  return { indices: [], states: [], error: '', ...wanted };
}

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

test('failed tasks are tried again in another round, and the rows are those of a run without a failure', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await create(served, 'failed');
  await working(base, () => reaches(served, id, CampaignState.FAILED), failing);
  expect((await get(served, id))?.progress).toMatchObject({ failed: 8, done: taskCount - 8 });
  const unfinished = served.client.unary(Service.resumeCampaign, {
    id,
    scope: ResumeScope.UNFINISHED,
    tasks: undefined,
  });
  await expect(unfinished).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: `Campaign ${id} is failed: all its tasks have ended: failed ones can be tried again, or all as a new campaign.`,
  });
  const taken = await working(
    base,
    async () => {
      await served.client.unary(Service.resumeCampaign, { id, scope: ResumeScope.FAILED, tasks: undefined });
      await reaches(served, id, CampaignState.SUCCEEDED);
    },
    failing,
  );
  expect(taken).toHaveLength(8);
  const ended = await get(served, id);
  expect(ended).toMatchObject({ failures: [], round: 1, progress: { failed: 0, done: taskCount } });
  const { campaign } = await served.client.unary(Service.resumeCampaign, {
    id,
    scope: ResumeScope.ALL,
    tasks: undefined,
  });
  const other = campaign?.id ?? '';
  expect(other).not.toBe(id);
  await working(base, () => reaches(served, other, CampaignState.SUCCEEDED));
  expect(await digestOf(served, other)).toBe(await digestOf(served, id));
  const digest = await digestOf(served, id);
  await served[Symbol.asyncDispose]();
  await using again = await serve(base);
  expect(rounded(await get(again, id))).toEqual(rounded(ended));
  expect(await digestOf(again, id)).toBe(digest);
});

test('a model that could not be made is made in another round, and what needs it runs then', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await create(served, 'model');
  const noModel = (task: Task): TaskResult['outcome'] | undefined =>
    task.work?.$case === 'derive' && task.round === 0
      ? { $case: 'deadLetter', value: { deliveries: 5, publications: 1, reason: 'it killed its worker' } }
      : undefined;
  await working(base, () => reaches(served, id, CampaignState.FAILED), noModel);
  const before = (await get(served, id))?.progress;
  expect(before).toMatchObject({ deadLetters: 1 });
  expect(before?.cancelled).toBeGreaterThan(0);
  await working(
    base,
    async () => {
      await served.client.unary(Service.resumeCampaign, { id, scope: ResumeScope.FAILED, tasks: undefined });
      await reaches(served, id, CampaignState.SUCCEEDED);
    },
    noModel,
  );
  expect((await get(served, id))?.progress).toMatchObject({ done: taskCount, cancelled: 0, deadLetters: 0 });
});

test('failed tasks that are dropped count as cancelled, over a restart, until they are tried again', async () => {
  await using base = await ground();
  let id = '';
  {
    await using served = await serve(base);
    id = await create(served, 'dropped');
    await working(base, () => reaches(served, id, CampaignState.FAILED), failing);
    const { dropped, campaign } = await served.client.unary(Service.dropTasks, { id, tasks: undefined });
    expect(dropped).toBe(8);
    expect(campaign).toMatchObject({
      state: CampaignState.SUCCEEDED,
      failures: [],
      progress: { cancelled: 8 },
    });
    await expect(served.client.unary(Service.dropTasks, { id, tasks: undefined })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: `Campaign ${id} is succeeded: it has no failed tasks to drop.`,
    });
  }
  await using served = await serve(base);
  expect(await get(served, id)).toMatchObject({
    state: CampaignState.SUCCEEDED,
    failures: [],
    progress: { cancelled: 8, failed: 0 },
  });
  await working(base, async () => {
    await served.client.unary(Service.resumeCampaign, { id, scope: ResumeScope.FAILED, tasks: undefined });
    await reaches(served, id, CampaignState.RUNNING);
    await reaches(served, id, CampaignState.SUCCEEDED);
  });
  expect((await get(served, id))?.progress).toMatchObject({ done: taskCount, cancelled: 0 });
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

test('tasks are listed by state, page by page, with what was wrong', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await create(served, 'tasks');
  await working(base, () => reaches(served, id, CampaignState.FAILED), failing);
  const list = (state: TaskState, pageToken = ''): Promise<ListTasksResponse> =>
    served.client.unary(Service.listTasks, { id, tasks: only({ states: [state] }), pageSize: 5, pageToken });
  const first = await list(TaskState.FAILED);
  const second = await list(TaskState.FAILED, first.nextPageToken);
  expect([first.tasks.length, second.tasks.length, second.nextPageToken]).toEqual([5, 3, '']);
  expect(first.tasks[0]).toMatchObject({
    state: TaskState.FAILED,
    label: 'mi-fgsm on full through int8',
    attempts: 1,
    worker: 'synthetic',
    error: 'it cannot be',
  });
  expect(first.tasks[0]?.time).toBeInstanceOf(Date);
  const everything = { id, tasks: undefined, pageSize: 0, pageToken: '' };
  const all = await served.client.unary(Service.listTasks, everything);
  expect(all.tasks).toHaveLength(taskCount);
  await expect(list(TaskState.DONE, 'x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('of the tasks that failed some are tried again or dropped, and the others stay as they are', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const id = await create(served, 'chosen');
  const twice = (task: Task): TaskResult['outcome'] | undefined => {
    const dead = { deliveries: 5, publications: 1, reason: 'Out of MEMORY' };
    if (task.work?.$case !== 'attack' || task.round > 0) return undefined;
    return task.index % 2 === 0 ? { $case: 'deadLetter', value: dead } : failing(task);
  };
  await working(base, () => reaches(served, id, CampaignState.FAILED), twice);
  const list = async (tasks: TaskFilter): Promise<readonly number[]> =>
    (await client.unary(Service.listTasks, { id, tasks, pageSize: 0, pageToken: '' })).tasks.map(
      ({ index }) => index,
    );
  const dead = await list(only({ states: [TaskState.DEAD] }));
  const failed = await list(only({ states: [TaskState.FAILED] }));
  expect([dead.length, failed.length]).toEqual([4, 4]);
  expect(await list(only({ error: 'out of memory' }))).toEqual(dead);
  expect(await list(only({ error: 'out of', indices: dead.slice(1, 2) }))).toEqual(dead.slice(1, 2));

  const retry = (tasks: TaskFilter) =>
    client.unary(Service.resumeCampaign, { id, scope: ResumeScope.FAILED, tasks });
  const drop = (tasks: TaskFilter) => client.unary(Service.dropTasks, { id, tasks });
  const [done = NaN] = await list(only({ states: [TaskState.DONE] }));
  await expect(retry(only({ indices: [done] }))).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: `Campaign ${id} is failed: its task ${done} has not failed, so there is nothing to try again.`,
  });
  await expect(drop(only({ error: 'disk' }))).rejects.toMatchObject({
    message: `Campaign ${id} is failed: none of its failed tasks is as asked for, so there is nothing to drop.`,
  });
  await expect(retry(only({ indices: [taskCount] }))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `task ${taskCount} is none of campaign ${id}, whose tasks are 0 to ${taskCount - 1}.`,
  });

  expect((await drop(only({ indices: failed.slice(0, 1) }))).dropped).toBe(1);
  const taken = await working(base, async () => {
    await retry(only({ states: [TaskState.DEAD] }));
    await eventually(async () => {
      expect((await get(served, id))?.progress).toMatchObject({ deadLetters: 0, failed: 3, cancelled: 1 });
      expect((await get(served, id))?.state).toBe(CampaignState.FAILED);
    });
  });
  expect(taken.map(({ index }) => index).sort((a, b) => a - b)).toEqual(dead);
  const before = await get(served, id);
  await served[Symbol.asyncDispose]();
  await using again = await serve(base);
  expect(rounded(await get(again, id))).toEqual(rounded(before));
  await again.client.unary(Service.dropTasks, { id, tasks: only({ states: [TaskState.FAILED] }) });
  expect((await get(again, id))?.state).toBe(CampaignState.SUCCEEDED);
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
