import {
  CampaignServiceService as Service,
  CampaignState,
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
import { taskCount } from './support/campaign-file.js';
import { ground, serve } from './support/cluster.js';
import { create, get, reaches, digestOf, working, only } from './support/life.js';

const failing = (task: Task): TaskResult['outcome'] | undefined =>
  task.work?.$case === 'attack' && task.round === 0
    ? { $case: 'failure', value: { code: 'INVALID_ARGUMENT', message: 'it cannot be', training: undefined } }
    : undefined;

const rounded = (all: Campaign | undefined) => ({ ...all, progress: { ...all?.progress, secondsLeft: 0 } });

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
