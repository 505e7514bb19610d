import type { Report } from '@unpair/campaign';
import {
  CampaignServiceService as Service,
  CampaignState,
  type Task,
  type TaskInHand,
} from '@unpair/protocol';
import { publishResult, WorkQueue } from '@unpair/platform';
import type { NatsConnection } from '@unpair/platform';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor, spec, taskCount } from './support/campaign-file.js';
import { TaskQueue } from '../src/dispatch/task-queue.js';
import { ground, serve, type Served } from './support/cluster.js';
import { beThere, syntheticResult, work } from './support/synthetic-worker.js';

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

async function depths(connection: NatsConnection): Promise<Record<string, number>> {
  const entries = [...(await new WorkQueue(connection).depths())];
  return Object.fromEntries(entries.map(([queue, { waiting, held }]) => [queue, waiting + held]));
}

test('each queue holds two tasks for each slot of its workers, however many join, and no more', async () => {
  await using base = await ground({ slots: 3 });
  await using served = await serve(base, { window: 2 });
  await create(served, 'large', spec.replace('samples: 20', 'samples: 2000'));
  await eventually(async () => {
    const full = { any_synthetic_measure: 6, any_synthetic_attack: 6, any_synthetic_train: 1 };
    expect(await depths(base.connection)).toEqual(full);
  });
  using others = beThere(base.connection, { worker: 'others', slots: 97, kinds: ['attack'] });
  expect(others).toBeDefined();
  await eventually(async () => {
    expect(await depths(base.connection)).toMatchObject({
      any_synthetic_measure: 6,
      any_synthetic_attack: 200,
    });
  });
});

test('short tasks that start behind long ones wait for no more than two of them', async () => {
  await using base = await ground({ slots: 4 });
  await using served = await serve(base, { window: 2 });
  const only = (budget: number): string =>
    spec
      .replace('samples: 20', 'samples: 500')
      .replace('- mi-fgsm: {}', '')
      .replace('budget: 100', `budget: ${budget}`);
  const long = await create(served, 'long', only(1_000));
  const attacks = ['any_synthetic_attack'];
  const { connection } = base;
  const signal = new AbortController().signal;
  await eventually(async () => {
    expect((await depths(connection))['any_synthetic_attack']).toBe(8);
  });
  // Four tasks are in hand of as many workers, four wait.
  const short = await create(served, 'short', only(10));
  const taken: Task[] = [];
  for (let round = 0; round < 3; round++) {
    taken.push(...(await work({ connection, limit: 4, queues: attacks }, signal)));
    await eventually(async () => {
      expect((await depths(connection))['any_synthetic_attack']).toBeGreaterThanOrEqual(8);
    });
  }
  expect(taken.slice(0, 8).every(({ campaignId }) => campaignId === long)).toBe(true);
  expect(taken.slice(8).filter(({ campaignId }) => campaignId === short)).toHaveLength(4);
});

test('a campaign without a worker says what it waits for, and goes on when one comes; without one nothing is queued', async () => {
  await using base = await ground({ slots: 0 });
  await using served = await serve(base);
  const file = `${spec}placement: { device: cuda, label: night }\n`;
  const id = await create(served, 'waiting', file);
  const waiting = async (): Promise<string | undefined> =>
    (await served.client.unary(Service.getCampaign, { id })).campaign?.waiting;
  await eventually(async () => {
    expect(await waiting()).toBe(
      'waits for a worker of class label night, device cuda, for attack and measure',
    );
  });
  const gpu = {
    worker: 'gpu',
    label: 'night',
    engine: 'x-cuda-1',
    device: 'cuda:0',
    kinds: ['attack', 'measure'],
  };
  const maker = { worker: 'maker', label: 'night', engine: 'x-cpu-1', device: 'cpu', kinds: ['train'] };
  using others = beThere(base.connection, { worker: 'others', slots: 9 });
  using gpuWorker = beThere(base.connection, gpu);
  expect(gpuWorker).toBeDefined();
  await eventually(async () => {
    expect(await depths(base.connection)).toMatchObject({ 'night_x-cuda-1_measure': 4 });
  });
  expect((await depths(base.connection))['any_synthetic_measure']).toBe(0);
  // Its models are made elsewhere: no GPU is held for that.
  expect(await waiting()).toBe('waits for a worker of class label night, device of any kind, for train');
  using trainer = beThere(base.connection, maker);
  expect(trainer).toBeDefined();
  await eventually(async () => {
    expect(await waiting()).toBe('');
    expect(await depths(base.connection)).toMatchObject({ 'night_x-cpu-1_train': 1 });
  });
  await others.report({ leaving: true });
  const { workers } = await served.client.unary(Service.listWorkers, {});
  expect(workers.map(({ report }) => report?.worker)).toEqual(['gpu', 'maker']);
});

test('a campaign keeps to the engine that it began with, whoever joins; mixed ones take all', async () => {
  await using base = await ground();
  await using served = await serve(base, { window: 2 });
  const large = spec.replace('samples: 20', 'samples: 2000');
  const id = await create(served, 'bound', large);
  await eventually(async () => {
    expect(await depths(base.connection)).toMatchObject({ any_synthetic_measure: 2 });
  });
  using other = beThere(base.connection, { worker: 'other', engine: 'other', slots: 50 });
  expect(other).toBeDefined();
  await eventually(async () => {
    expect(await depths(base.connection)).toMatchObject({ any_other_measure: 0 });
  });
  expect(served.coordinator.book.get(id).record.engine).toBe('synthetic');
  await create(served, 'mixed', `${large}placement: { mixed: true }\n`);
  await eventually(async () => {
    expect(await depths(base.connection)).toMatchObject({ any_synthetic_measure: 2, any_other_measure: 100 });
  });
});

test('a campaign whose engine is gone goes on with another while it has no rows, and says how where it has', async () => {
  await using base = await ground({ slots: 0 });
  await using served = await serve(base, { window: 2 });
  const { client } = served;
  const old = beThere(base.connection, { worker: 'old', engine: 'old' });
  const id = await create(served, 'stranded');
  await eventually(async () => {
    expect(await depths(base.connection)).toMatchObject({ any_old_measure: 2, any_old_train: 1 });
  });
  await old.report({ leaving: true });
  old[Symbol.dispose]();
  using other = beThere(base.connection);
  expect(other).toBeDefined();
  await eventually(async () => {
    expect(await depths(base.connection)).toMatchObject({ any_synthetic_measure: 0 });
  });
  const set = (engine?: string, trainEngine?: string) =>
    client.unary(Service.updateCampaign, {
      ...{ id, priority: undefined, weight: undefined },
      engine,
      trainEngine,
    });
  await expect(set('older')).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: `Campaign ${id} is running: no worker of engine "older" is there (there are synthetic).`,
  });
  // Models are files, whoever makes them.
  await set('', 'synthetic');
  const stop = new AbortController();
  const taken = work({ connection: base.connection, limit: 5 }, stop.signal);
  await eventually(() => {
    expect(served.coordinator.book.get(id).record).toMatchObject({
      engine: 'synthetic',
      trainEngine: 'synthetic',
    });
    expect(served.coordinator.book.get(id).count('done')).toBe(5);
  });
  await taken;
  expect(await depths(base.connection)).toMatchObject({ any_old_measure: 0, any_old_train: 0 });
  using third = beThere(base.connection, { worker: 'third', engine: 'third', slots: 9 });
  expect(third).toBeDefined();
  await eventually(() => {
    expect(served.coordinator.workers.all()).toHaveLength(2);
  });
  await expect(set('third')).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: `Campaign ${id} is running: it has rows of engine synthetic, and those of two do not mix: "unpair resume ${id} --scope all" runs all of it on another, as a campaign of its own.`,
  });
  expect(served.coordinator.book.get(id).record.engine).toBe('synthetic');
});

test('tasks of a mixed campaign that wait for workers that are gone go to others', async () => {
  await using base = await ground();
  await using served = await serve(base, { window: 2, reconcileInterval: 200 });
  const other = beThere(base.connection, { worker: 'other', engine: 'other' });
  await eventually(async () => {
    expect(await depths(base.connection)).toMatchObject({ any_other_measure: 0, any_synthetic_measure: 0 });
  });
  const id = await create(served, 'mixed', `${spec}placement: { mixed: true }\n`);
  await eventually(async () => {
    expect(await depths(base.connection)).toMatchObject({ any_other_measure: 2 });
  });
  await other.report({ leaving: true });
  other[Symbol.dispose]();
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  expect(await eventually(() => ended(served, id), 20)).toBe(CampaignState.SUCCEEDED);
  stop.abort();
  await working;
  expect((await depths(base.connection))['any_other_measure']).toBe(0);
});

test('a cancel tells workers at once to abandon what they have in hand', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const id = await create(served, 'abandoned');
  const told: TaskInHand[] = [];
  const tasks = [
    { campaignId: id, index: 0, round: 0 },
    { campaignId: 'unknown', index: 0, round: 0 },
    // What no plan has: anyone may write to a broker.
    { campaignId: id, index: -1, round: 0 },
    { campaignId: id, index: 1_000_000, round: 0 },
  ];
  using worker = beThere(base.connection, { worker: 'busy', tasks }, (abandon) => told.push(...abandon));
  expect(worker).toBeDefined();
  await eventually(() => {
    expect(told.slice(0, 3)).toEqual(tasks.slice(1));
  });
  expect(told).not.toContainEqual(tasks[0]);
  await served.client.unary(Service.cancelCampaign, { id });
  await eventually(() => {
    expect(told).toContainEqual(tasks[0]);
  });
});

test('a small campaign does not wait for a large one to end', async () => {
  await using base = await ground();
  await using served = await serve(base, { window: 3 });
  await create(served, 'large', spec.replace('samples: 20', 'samples: 5000'));
  await eventually(async () => {
    expect(await queuedMessages(base.connection)).toBe(7);
  });
  const small = await create(served, 'small');
  const stop = new AbortController();
  const working = work({ connection: base.connection, limit: 4 * taskCount }, stop.signal);
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
    expect(await queuedMessages(base.connection)).toBe(19);
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
    expect(await queuedMessages(base.connection)).toBe(9);
  });
  const manager = await base.connection.jetstreamManager();
  await manager.streams.purge('UNPAIR_TASKS', { filter: `tasks.*.${id}.0` });
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
  const answers = (task: Task): boolean => task.index !== 2;
  const working = work({ connection: base.connection, answers }, stop.signal);
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
  await queue.publish('any_synthetic_train', task, new AbortController().signal);
  await eventually(async () => {
    const { campaign: now } = await served.client.unary(Service.getCampaign, { id: campaignId });
    expect(now?.failures[0]).toMatch(
      /The task has 10\d{5} bytes, and the broker takes messages of at most 1047552\.$/,
    );
  });
});
