import { decodeWasted, resultsStream, rollCall, wastedSubject } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { TestCluster } from './kit/cluster.js';
import { accuracyTask, longTask } from './kit/tasks.js';
import { startTestWorker } from './kit/test-worker.js';
import { fixture } from './kit/tiny-model.js';

test('a worker says what it offers and what it has in hand, until it leaves', async () => {
  await using cluster = await TestCluster.start();
  const environment = { UNPAIR_LABEL: 'night', UNPAIR_KINDS: 'measure,train' };
  {
    await using worker = await startTestWorker(cluster, { name: 'w.1 *', environment });
    expect(worker.computePid()).toBeGreaterThan(0);
    await eventually(() => {
      expect(cluster.report('w.1 *')).toMatchObject({
        ...{ version: '0.0.0-test', label: 'night', kinds: ['train', 'measure'], device: 'cpu', slots: 1 },
        ...{ engine: expect.stringMatching(/^onnxruntime-cpu-[0-9a-f]{8}$/) as string, tasks: [] },
      });
    });
  }
  expect(cluster.report('w.1 *')).toBeUndefined();
});

test('a task that nobody wants is dropped within a batch: no result, and its queries are wasted', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  await using worker = await startTestWorker(cluster);
  // An hour, were it not dropped.
  const long = longTask(0, made, 50_000_000);
  await cluster.submit(long);
  await eventually(async () => {
    expect(await worker.metric('unpair_worker_images_total')).toBeGreaterThan(1_000);
  });
  cluster.abandoned.push({ campaignId: 'test', index: 0, round: 0 });
  cluster.connection.publish(rollCall, Buffer.from('test'));
  await cluster.settled();
  cluster.abandoned.length = 0;
  const next = accuracyTask(1, made);
  await cluster.submit(next);
  expect((await cluster.result(next)).outcome?.$case).toBe('accuracy');
  expect([...(await cluster.results()).keys()]).toEqual(['results.test.1']);
  expect(await worker.metric('unpair_worker_redeliveries_total')).toBe(0);
  expect(await worker.metric('unpair_worker_tasks_total{kind="attack",outcome="abandoned"}')).toBe(1);
  const manager = await cluster.connection.jetstreamManager();
  const message = await manager.streams.getMessage(resultsStream, { last_by_subj: wastedSubject('test') });
  const { queries } = decodeWasted(message.data);
  expect(queries).toBe(await worker.metric('unpair_worker_wasted_queries_total{reason="lost"}'));
  expect(queries).toBeGreaterThan(0);
});

test('a worker that leaves hears of what nobody wants as long as it has a task in hand', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  await using worker = await startTestWorker(cluster, { environment: { UNPAIR_DRAIN_SECONDS: '3600' } });
  const long = longTask(0, made, 50_000_000);
  await cluster.submit(long);
  await eventually(() => {
    expect(worker.describe().task).toBe('test/0');
  });
  const left = worker[Symbol.asyncDispose]();
  await eventually(() => {
    expect(cluster.report('worker-1')).toMatchObject({ leaving: true, tasks: [{ index: 0 }] });
  });
  cluster.abandoned.push({ campaignId: 'test', index: 0, round: 0 });
  cluster.connection.publish(rollCall, Buffer.from('test'));
  await left;
  expect(cluster.report('worker-1')).toBeUndefined();
  expect(await cluster.depth()).toMatchObject({ waiting: 0, held: 0 });
  expect([...(await cluster.results()).keys()]).toEqual([]);
});
