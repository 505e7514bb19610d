import { connectNats, createLogger, Lease, systemClock } from '@unpair/platform';
import { CampaignServiceService as Service, CampaignState, ResumeScope } from '@unpair/protocol';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, TestNatsServer } from '../../../test/kit/index.js';
import { requestFor, taskCount } from './support/campaign-file.js';
import { ground, serve, type Ground } from './support/cluster.js';
import { endProcess, health, startProcess, type CoordinatorProcess } from './support/process.js';
import { work } from './support/synthetic-worker.js';

const logger = createLogger({ service: 'test', level: 'silent' });

async function started(base: Ground, database: string): Promise<CoordinatorProcess> {
  const coordinator = await startProcess(base, { database });
  onTestFinished(async () => {
    await endProcess(coordinator, 'SIGKILL');
  });
  return coordinator;
}

const get = async ({ client }: CoordinatorProcess, id: string) =>
  (await client.unary(Service.getCampaign, { id })).campaign;

/** Two coordinators with stores of their own, of which the first leads, and a campaign that has begun. */
async function pair(base: Ground) {
  // Stores what requests refer to.
  await (await serve(base))[Symbol.asyncDispose]();
  const first = await started(base, 'first.duckdb');
  await first.leads;
  const second = await started(base, 'second.duckdb');
  const { campaign } = await first.client.unary(Service.createCampaign, requestFor('lead'));
  await work({ connection: base.connection, limit: 6 }, new AbortController().signal);
  return { first, second, id: campaign?.id ?? '' };
}

async function finish(base: Ground, coordinator: CoordinatorProcess, id: string): Promise<void> {
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  await eventually(async () => {
    expect(await get(coordinator, id)).toMatchObject({
      state: CampaignState.SUCCEEDED,
      progress: { done: taskCount },
    });
  });
  stop.abort();
  await working;
}

test('of two coordinators one leads; the other says which, and takes over at once when it is asked to stop', async () => {
  await using base = await ground();
  const { first, second, id } = await pair(base);
  expect(await health(first.address)).toBe('SERVING');
  expect(await health(second.address)).toBe('NOT_SERVING');
  const refusal = {
    code: 'UNAVAILABLE',
    message: `This coordinator does not lead: ask ${first.address}, which did last.`,
  };
  await eventually(() => expect(get(second, id)).rejects.toMatchObject(refusal));
  await expect(second.client.unary(Service.createCampaign, requestFor('x'))).rejects.toMatchObject(refusal);
  const watching = second.client.serverStream(Service.watchCampaign, { id, resumeToken: '' });
  await expect(watching.next()).rejects.toMatchObject(refusal);
  expect(await endProcess(first, 'SIGTERM')).toBe(0);
  const start = performance.now();
  await second.leads;
  expect(performance.now() - start).toBeLessThan(9_000);
  await finish(base, second, id);
});

test('a leader that stands still is followed within 15 s, and finds then that it no longer leads', async () => {
  await using base = await ground();
  const { first, second, id } = await pair(base);
  const start = performance.now();
  const exited = once(first.child, 'exit') as Promise<[number]>;
  first.child.kill('SIGSTOP');
  await second.leads;
  const seconds = (performance.now() - start) / 1_000;
  process.stderr.write(`the other coordinator led after ${seconds.toFixed(1)} s\n`);
  expect(seconds).toBeLessThan(60);
  const cancelled = await second.client.unary(Service.pauseCampaign, { id });
  expect(cancelled.campaign?.state).toBe(CampaignState.PAUSED);
  first.child.kill('SIGCONT');
  expect((await exited)[0]).toBe(1);
  expect(first.log()).toContain(`This process no longer leads, for ${second.address} leads now.`);
  await second.client.unary(Service.resumeCampaign, { id, scope: ResumeScope.UNFINISHED, tasks: undefined });
  await finish(base, second, id);
});

test('after kill -9 of the leader the other goes on with everything that it had begun', async () => {
  await using base = await ground();
  const { first, second, id } = await pair(base);
  const start = performance.now();
  await endProcess(first, 'SIGKILL');
  await second.leads;
  process.stderr.write(`the other led ${((performance.now() - start) / 1_000).toFixed(1)} s after kill -9\n`);
  const restarted = await started(base, 'first.duckdb');
  await eventually(() => expect(get(restarted, id)).rejects.toMatchObject({ code: 'UNAVAILABLE' }));
  await finish(base, second, id);
});

test('a lease is taken over when it was not renewed for its duration, or at once from a process that is gone', async () => {
  await using nats = await TestNatsServer.start();
  const connection = await connectNats({ url: nats.url, name: 'test', logger });
  onTestFinished(() => connection.close());
  const open = (address: string): Promise<Lease> =>
    Lease.open({ connection, name: 'lease', address, duration: 2_000, clock: systemClock, logger });
  const [a, b] = [await open('a:1'), await open('b:2')];
  const { signal } = new AbortController();
  await a.acquire(signal);
  expect([a.isHeld, b.isHeld]).toEqual([true, false]);
  const keeping = new AbortController();
  const kept = a.keep(keeping.signal);
  const early = b.acquire(AbortSignal.timeout(5_000));
  early.catch(() => undefined);
  await eventually(() => {
    expect(b.holderAddress).toBe('a:1');
  });
  // Someone deletes the bucket: who holds the lease writes it again.
  await (await connection.jetstreamManager()).streams.delete('KV_lease');
  await expect(early).rejects.toThrow();
  expect([a.isHeld, b.isHeld]).toEqual([true, false]);
  keeping.abort();
  await kept;
  await b.acquire(signal);
  expect([a.isHeld, b.isHeld]).toEqual([false, true]);
  await expect(a.keep(signal)).rejects.toMatchObject({
    code: 'ABORTED',
    message: 'This process no longer leads, for b:2 leads now.',
  });
  await b.release();
  const start = performance.now();
  await a.acquire(signal);
  expect(performance.now() - start).toBeLessThan(1_500);
});
