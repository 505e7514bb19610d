import { publishResult } from '@unpair/platform';
import { decodeWasted, resultsStream, wastedSubject, type TaskResult } from '@unpair/protocol';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { TestCluster } from './kit/cluster.js';
import { accuracyTask, attackTask, longTask } from './kit/tasks.js';
import { startTestWorker, type TestWorker } from './kit/test-worker.js';
import { fixture } from './kit/tiny-model.js';

const poison = new URL('kit/poison-compute.ts', import.meta.url);

/** Resolves in the midst of an attack on `index`; `before` counts the images of earlier tasks. */
async function busyOn(worker: TestWorker, index: number, before = 0): Promise<void> {
  await eventually(() => {
    expect(worker.describe().task).toBe(`test/${index}`);
  });
  await eventually(async () => {
    expect(await worker.metric('unpair_worker_images_total')).toBeGreaterThan(before + 1_000);
  });
}

function processState(pid: number): string {
  return execFileSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' }).trim();
}

test('kill -9 of the compute process in mid-task: redelivered, one result, the same rows', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  await using worker = await startTestWorker(cluster);
  const [quiet, shot] = [longTask(0, made, 20_000), longTask(1, made, 20_000)];
  await cluster.submit(quiet);
  const expected = await cluster.result(quiet);
  await cluster.settled();
  const images = await worker.metric('unpair_worker_images_total');
  await cluster.submit(shot);
  await busyOn(worker, 1, images);
  process.kill(worker.computePid() ?? 0, 'SIGKILL');
  const { outcome } = await cluster.result(shot);
  expect(outcome).toEqual(expected.outcome);
  await cluster.settled();
  expect(await worker.metric('unpair_worker_redeliveries_total')).toBe(1);
  expect(await worker.metric('unpair_worker_compute_restarts_total')).toBe(1);
  expect(await worker.metric('unpair_worker_wasted_queries_total{reason="lost"}')).toBeGreaterThan(0);
  expect(await worker.metric('unpair_worker_queries_total{attack="square"}')).toBe(2 * 7 * 20_000);
});

test('a task that always kills its compute process: given up after five attempts, saying why; the others finish', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  await using worker = await startTestWorker(cluster, { entry: poison });
  const tasks = [12, 13, 14].map((index) => accuracyTask(index, made));
  await cluster.submit(...tasks);
  const outcomes = await Promise.all(tasks.map((task) => cluster.result(task)));
  expect(outcomes.map(({ outcome }) => outcome?.$case)).toEqual(['accuracy', 'deadLetter', 'accuracy']);
  expect(outcomes[1]?.outcome?.value).toEqual({
    deliveries: 5,
    publications: 1,
    reason: 'The compute process was lost: it was killed by SIGKILL.',
  });
  await cluster.settled();
  expect(await worker.metric('unpair_worker_compute_restarts_total')).toBe(5);
});

test('compute blocked for longer than the lease: the agent answers, and nothing is redelivered', async () => {
  // Long enough for a machine that stalls for a moment, with three signs of life each.
  await using cluster = await TestCluster.start(5_000);
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  await using worker = await startTestWorker(cluster);
  await using _idle = await startTestWorker(cluster, { name: 'worker-2' });
  const task = longTask(0, made, 20_000);
  await cluster.submit(task);
  const owner = await eventually(() => {
    const busy = [worker, _idle].find((one) => one.describe().task === 'test/0');
    if (busy === undefined) throw new Error('nobody took the task');
    return busy;
  });
  await sleep(200);
  const pid = owner.computePid() ?? 0;
  process.kill(pid, 'SIGSTOP');
  const heartbeats = (): Promise<number> => owner.metric('unpair_worker_lease_heartbeats_total');
  const before = await heartbeats();
  // Four thirds of the lease at least.
  await eventually(async () => {
    expect(await heartbeats()).toBeGreaterThanOrEqual(before + 5);
  });
  expect(processState(pid)).toMatch(/^T/);
  expect(await cluster.depth()).toMatchObject({ held: 1, redelivered: 0 });
  process.kill(pid, 'SIGCONT');
  expect((await cluster.result(task)).worker).toBe(owner.describe().worker);
  await cluster.settled();
  for (const one of [worker, _idle]) expect(await one.metric('unpair_worker_redeliveries_total')).toBe(0);
});

test('a compute process that is stuck for good is replaced, and its task comes back', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  await using worker = await startTestWorker(cluster, { environment: { UNPAIR_TASK_SECONDS: '3' } });
  process.kill(worker.computePid() ?? 0, 'SIGSTOP');
  const task = accuracyTask(0, made);
  await cluster.submit(task);
  expect((await cluster.result(task)).outcome?.$case).toBe('accuracy');
  expect(await worker.metric('unpair_worker_redeliveries_total')).toBe(1);
});

test('a result that comes second is refused, and its queries are accounted for as wasted', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  await using worker = await startTestWorker(cluster);
  const task = longTask(0, made, 10_000);
  await cluster.submit(task);
  await busyOn(worker, 0);
  const first: TaskResult = {
    campaignId: 'test',
    index: 0,
    round: 0,
    generation: 0,
    worker: 'faster',
    runtime: '',
    seconds: 1,
    outcome: { $case: 'failure', value: { code: 'INTERNAL', message: 'First.', training: undefined } },
  };
  expect(await publishResult(cluster.connection, first)).toBe('accepted');
  await cluster.settled();
  expect((await cluster.result(task)).worker).toBe('faster');
  const manager = await cluster.connection.jetstreamManager();
  const message = await manager.streams.getMessage(resultsStream, { last_by_subj: wastedSubject('test') });
  expect(decodeWasted(message.data)).toMatchObject({ worker: 'worker-1', index: 0, queries: 7 * 10_000 });
  expect(await worker.metric('unpair_worker_wasted_queries_total{reason="refused"}')).toBe(7 * 10_000);
});

test('the broker dies with -9 while a task is computed and comes back: one result, no restart of the worker', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  await cluster.store(made.target, made.surrogate, made.samples);
  await using worker = await startTestWorker(cluster);
  const task = longTask(0, made, 20_000);
  await cluster.submit(task);
  await busyOn(worker, 0);
  await cluster.server.kill();
  await sleep(1_000);
  await cluster.server.restart();
  const { outcome } = await cluster.result(task);
  expect(outcome?.$case).toBe('attack');
  const next = attackTask(1, made);
  await cluster.submit(next);
  expect((await cluster.result(next)).outcome?.$case).toBe('attack');
  await cluster.settled();
});
