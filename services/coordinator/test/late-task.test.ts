import { CampaignServiceService as Service, CampaignState, ResumeScope } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { TaskQueue } from '../src/dispatch/task-queue.js';
import { requestFor, taskCount } from './support/campaign-file.js';
import { ground, serve } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

test('a task that was still on its way when its campaign was paused does not stand in for the one that is resumed', async () => {
  await using base = await ground();
  await using served = await serve(base, { reconcileInterval: 3_600_000 });
  const { client, coordinator } = served;
  const { book } = coordinator;
  const id = (await client.unary(Service.createCampaign, requestFor('late'))).campaign?.id ?? '';
  const [late] = await work({ connection: base.connection, limit: 1 }, new AbortController().signal);
  if (late === undefined) throw new Error('a task was taken');
  await eventually(() => {
    expect(book.get(id).count('done')).toBe(1);
  });
  const held = [...(await new TaskQueue(base.connection).queued(id))][0];
  if (held === undefined) throw new Error('a task is queued');
  await client.unary(Service.pauseCampaign, { id });
  // A worker that holds it is told to abandon it, so that nobody would ever compute it.
  const [index, queue] = held;
  const { signal } = new AbortController();
  await new TaskQueue(base.connection).publish(queue, { ...late, index, generation: 9 }, signal);
  await client.unary(Service.resumeCampaign, { id, scope: ResumeScope.UNFINISHED, tasks: undefined });
  const taken = await work(
    { connection: base.connection, limit: taskCount - 1 },
    new AbortController().signal,
  );
  await eventually(() => {
    expect(book.get(id).state).toBe(CampaignState.SUCCEEDED);
  });
  expect(taken.map(({ round }) => round)).toEqual(taken.map(() => 1));
});
