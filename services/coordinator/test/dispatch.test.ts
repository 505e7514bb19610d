import type { Report } from '@unpair/campaign';
import { CampaignServiceService as Service, CampaignState, decodeTask, type Task } from '@unpair/protocol';
import { awaitWorkersConsumer, publishResult } from '@unpair/platform';
import type { NatsConnection } from '@unpair/platform';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor, spec, taskCount } from './support/campaign-file.js';
import { TaskQueue } from '../src/dispatch/task-queue.js';
import { ground, serve, type Served } from './support/cluster.js';
import { syntheticResult, work } from './support/synthetic-worker.js';

async function create({ client }: Served, requestId: string, text?: string): Promise<string> {
  const { campaign } = await client.unary(Service.createCampaign, requestFor(requestId, text));
  return campaign?.id ?? '';
}

async function queuedMessages(connection: NatsConnection): Promise<number> {
  const manager = await connection.jetstreamManager();
  return (await manager.streams.info('UNPAIR_TASKS')).state.messages;
}

async function ended({ client }: Served, id: string): Promise<CampaignState> {
  const { campaign } = await client.unary(Service.getCampaign, { id });
  expect(campaign?.endTime).toBeInstanceOf(Date);
  return campaign?.state ?? CampaignState.UNSPECIFIED;
}

test('no more than a window of tasks is in flight, however many there are', async () => {
  await using base = await ground();
  await using served = await serve(base, { window: 4 });
  const id = await create(served, 'large', spec.replace('samples: 20', 'samples: 2000'));
  await eventually(async () => {
    expect(await queuedMessages(base.connection)).toBe(4);
  });
  const stop = new AbortController();
  const working = work({ connection: base.connection, limit: 30 }, stop.signal);
  let most = 0;
  const watching = (async () => {
    while (!stop.signal.aborted) most = Math.max(most, await queuedMessages(base.connection));
  })();
  await working;
  stop.abort();
  await watching;
  // One more: a task whose result is in leaves the queue a moment later, when its worker acknowledges it.
  expect(most).toBeLessThanOrEqual(5);
  await served.client.unary(Service.cancelCampaign, { id });
});

test('a small campaign does not wait for a large one to end', async () => {
  await using base = await ground();
  await using served = await serve(base, { window: 3 });
  await create(served, 'large', spec.replace('samples: 20', 'samples: 5000'));
  await eventually(async () => {
    expect(await queuedMessages(base.connection)).toBe(3);
  });
  const small = await create(served, 'small');
  const stop = new AbortController();
  const working = work({ connection: base.connection, limit: 2 * taskCount + 12 }, stop.signal);
  const taken = await working;
  expect(taken.filter(({ campaignId }) => campaignId === small)).toHaveLength(taskCount);
  await eventually(async () => {
    expect(await ended(served, small)).toBe(CampaignState.SUCCEEDED);
  });
});

test('a campaign that is cancelled in mid-run takes no task away from another', async () => {
  await using base = await ground();
  await using served = await serve(base, { reconcileInterval: 3_600_000 });
  const kept = await create(served, 'kept');
  const cancelled = await create(served, 'cancelled', spec.replace('samples: 20', 'samples: 2000'));
  const others = await create(served, 'others');
  await eventually(async () => {
    expect(await queuedMessages(base.connection)).toBe(24);
  });
  await work({ connection: base.connection, limit: 5 }, new AbortController().signal);
  await served.client.unary(Service.cancelCampaign, { id: cancelled });
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  for (const id of [kept, others]) {
    expect(await eventually(() => ended(served, id), 20)).toBe(CampaignState.SUCCEEDED);
  }
  stop.abort();
  const taken = await working;
  expect(taken.filter(({ campaignId }) => campaignId === cancelled)).toEqual([]);
  expect(taken.map(({ generation }) => generation)).not.toContain(1);
});

test('when a model cannot be made, what needs it is cancelled and the campaign has failed, saying why', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await create(served, 'failing');
  const outcome = ({ work: content }: Task): ReturnType<typeof syntheticResult>['outcome'] =>
    content?.$case === 'derive'
      ? {
          $case: 'failure',
          value: { code: 'INVALID_ARGUMENT', message: 'Operator "Foo" is not known.', training: undefined },
        }
      : undefined;
  const stop = new AbortController();
  const working = work({ connection: base.connection, outcome }, stop.signal);
  const state = await eventually(() => ended(served, id));
  stop.abort();
  await working;
  expect(state).toBe(CampaignState.FAILED);
  const { campaign } = await served.client.unary(Service.getCampaign, { id });
  // Left are the accuracy of the target and the attack without a prior.
  expect(campaign?.progress).toMatchObject({
    ...{ done: 8, failed: 1, deadLetters: 0, cancelled: 21, inFlight: 0 },
  });
  const reply = await served.client.unary(Service.getReport, { id });
  const report = JSON.parse(reply.report) as Report;
  expect(report.integrity).toMatchObject({ failed: 1, deadLetters: 0 });
  expect(report.models.find(({ id: model }) => model === 'int8')?.failure).toBe(
    'Operator "Foo" is not known.',
  );
  expect(campaign?.failures).toEqual(['int8 (quantize): Operator "Foo" is not known.']);
});

test('a task that vanished from the queue is published again', async () => {
  await using base = await ground();
  await using served = await serve(base, { reconcileInterval: 100 });
  const id = await create(served, 'vanishing');
  await eventually(async () => {
    expect(await queuedMessages(base.connection)).toBe(8);
  });
  const manager = await base.connection.jetstreamManager();
  await manager.streams.purge('UNPAIR_TASKS', { filter: `tasks.${id}.0` });
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  expect(await eventually(() => ended(served, id))).toBe(CampaignState.SUCCEEDED);
  stop.abort();
  const again = (await working).filter(({ index }) => index === 0);
  expect(again.map(({ generation }) => generation)).toEqual([1]);
});

test('a task that workers take and never answer ends as a dead letter; the others finish', async () => {
  await using base = await ground();
  await using served = await serve(base, { reconcileInterval: 100 });
  const id = await create(served, 'silent');
  const stop = new AbortController();
  const consumer = await awaitWorkersConsumer(base.connection);
  const working = (async () => {
    while (!stop.signal.aborted) {
      const message = await consumer.next({ expires: 1_000 });
      if (message === null) continue;
      const task = decodeTask(message.data);
      if (task.index !== 2) await publishResult(base.connection, syntheticResult(task));
      await message.ackAck();
    }
  })();
  expect(await eventually(() => ended(served, id), 20)).toBe(CampaignState.FAILED);
  stop.abort();
  await working;
  const { campaign } = await served.client.unary(Service.getCampaign, { id });
  expect(campaign?.progress).toMatchObject({ done: taskCount - 1, deadLetters: 1, cancelled: 0 });
  expect(campaign?.failures[0]).toMatch(
    /^accuracy of full: given up after 3 publications: it left the queue each time without a result$/,
  );
});

test('a result that comes too late is counted as wasted, and nowhere else', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await create(served, 'late');
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  await eventually(() => ended(served, id));
  stop.abort();
  const tasks = await working;
  const { campaign: before } = await served.client.unary(Service.getCampaign, { id });
  const late = tasks.find(({ work: content }) => content?.$case === 'attack');
  if (late === undefined) throw new Error('no attack was run');
  expect(await publishResult(base.connection, syntheticResult(late))).toBe('refused');
  await eventually(async () => {
    const { report } = await served.client.unary(Service.getReport, { id });
    const { integrity } = JSON.parse(report) as { integrity: { wastedQueries: number } };
    expect(integrity.wastedQueries).toBeGreaterThan(0);
  });
  const { campaign: after } = await served.client.unary(Service.getCampaign, { id });
  expect(after).toEqual(before);
});

test('a task that no message holds fails with its size, and holds up no other', async () => {
  await using base = await ground();
  const queue = new TaskQueue(base.connection);
  await using served = await serve(base, { window: 1 });
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('large'));
  const campaignId = campaign?.id ?? '';
  const value = { model: 'x'.repeat(2 ** 20), kind: '', of: undefined, from: undefined, parameters: '' };
  const work = { $case: 'derive', value: { ...value, calibration: undefined, heldOut: undefined } } as const;
  const task = { campaignId, index: 0, round: 0, generation: 0, seed: 1, version: '', work };
  await queue.publish(task, new AbortController().signal);
  await eventually(async () => {
    const { campaign: now } = await served.client.unary(Service.getCampaign, { id: campaignId });
    expect(now?.failures[0]).toMatch(
      /The task has 10\d{5} bytes, and the broker takes messages of at most 1047552\.$/,
    );
  });
});
