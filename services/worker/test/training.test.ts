import {
  allTraining,
  decodeTraining,
  decodeWasted,
  parseSubject,
  resultsStream,
  wastedSubject,
  type DerivedModel,
  type Training,
} from '@unpair/protocol';
import type { Task } from '@unpair/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { TestCluster } from './kit/cluster.js';
import { imitateTask, pruneTask, quantizeTask, unpairTask } from './kit/tasks.js';
import { startTestWorker, type TestWorker } from './kit/test-worker.js';
import { fixture } from './kit/tiny-model.js';

/** What workers said of training, task by task. */
function listen({ connection }: TestCluster): ReadonlyMap<number, readonly Training[]> {
  const heard = new Map<number, Training[]>();
  connection.subscribe(allTraining, {
    callback: (error, { subject, data }) => {
      const { index = -1, campaignId } = parseSubject(subject) ?? {};
      if (error !== null || campaignId !== 'test') throw error ?? new Error(`a stray message on ${subject}`);
      heard.set(index, [...(heard.get(index) ?? []), decodeTraining(data)]);
    },
  });
  return heard;
}

/** A worker counts a task when the broker has taken its acknowledgement: a moment after the result is there. */
async function tasksCounted(worker: TestWorker, count: number): Promise<void> {
  await eventually(() => {
    expect(worker.describe().tasksDone).toBe(count);
  });
}

async function derived(cluster: TestCluster, task: Task): Promise<DerivedModel> {
  const { outcome } = await cluster.result(task);
  if (outcome?.$case !== 'derived') throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

test('a task that trains says how it goes while it runs, and its result has the course of it', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture();
  await cluster.store(made.target, made.surrogate, made.samples);
  await using worker = await startTestWorker(cluster);
  const heard = listen(cluster);
  const gentle = { sparsity: 0.1, 'finetune.epochs': 3 };
  const tasks = [pruneTask(0, made, gentle), unpairTask(1, made, {}), quantizeTask(2, made)];
  await cluster.submit(...tasks);
  const [pruned, unpaired, untrained] = await Promise.all(tasks.map((task) => derived(cluster, task)));
  // Three epochs of two batches.
  const said = await eventually(() => {
    const messages = heard.get(0) ?? [];
    expect(messages.at(-1)?.step).toBe(6);
    return messages;
  });
  expect(said[0]).toMatchObject({ model: 'pruned', step: 1, steps: 6, epochs: 3, secondsLeft: 0 });
  expect(pruned?.curve.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(said[0]?.loss).toBe(pruned?.curve[0]?.loss);
  for (const { loss, accuracy } of pruned?.curve ?? []) {
    expect(loss).toBeGreaterThan(0);
    expect(accuracy).toBeGreaterThan(0.5);
  }
  expect(unpaired?.curve).toHaveLength(2);
  expect(heard.get(1)?.at(-1)).toMatchObject({ model: 'unpaired', step: 2, steps: 2, epochs: 1 });
  expect(untrained?.curve).toEqual([]);
  expect(heard.has(2)).toBe(false);
  await tasksCounted(worker, 3);
});

test('training that collapses leaves the course of it in the failure, to the step that the sentence names', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture();
  await cluster.store(made.target, made.surrogate, made.samples);
  await using worker = await startTestWorker(cluster);
  // At this rate weights stay finite, so that the epoch is judged by its accuracy.
  const task = pruneTask(0, made, { 'finetune.rate': 1, 'finetune.epochs': 5 });
  await cluster.submit(task);
  const { outcome } = await cluster.result(task);
  if (outcome?.$case !== 'failure') throw new Error(JSON.stringify(outcome));
  const { message, training } = outcome.value;
  const last = Number(/^training collapsed by step (\d+): /.exec(message)?.[1]);
  expect(training?.model).toBe('pruned');
  expect(training?.curve.map(({ step }) => step)).toEqual(Array.from({ length: last }, (_, k) => k + 1));
  expect(training?.curve.at(-1)?.accuracy).toBeLessThan(0.7);
  await tasksCounted(worker, 1);
});

test('an imitation that collapses has asked the target all the same: its queries are accounted for as wasted', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture();
  await cluster.store(made.target, made.surrogate, made.samples);
  await using worker = await startTestWorker(cluster);
  const task = imitateTask(0, made, { rate: 100, optimizer: 'sgd' });
  await cluster.submit(task);
  const { outcome } = await cluster.result(task);
  expect(outcome?.$case).toBe('failure');
  const manager = await cluster.connection.jetstreamManager();
  const message = await manager.streams.getMessage(resultsStream, { last_by_subj: wastedSubject('test') });
  expect(decodeWasted(message.data)).toMatchObject({ worker: 'worker-1', index: 0, queries: 15 });
  expect(await worker.metric('unpair_worker_wasted_queries_total{reason="lost"}')).toBe(15);
});

test('kill -9 in mid-training: it goes on from its checkpoint, to the same model and the same curve', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture();
  await cluster.store(made.target, made.surrogate, made.samples);
  await using worker = await startTestWorker(cluster);
  const heard = listen(cluster);
  const long = { epochs: 500, cosine: 0.1, rate: 1e-5 };
  const [quiet, shot] = [unpairTask(0, made, long), unpairTask(1, made, long)];
  await cluster.submit(quiet);
  const expected = await derived(cluster, quiet);
  await cluster.submit(shot);
  // Ten images a step: those of the whole first task, and more than 100 steps of the second.
  await eventually(async () => {
    expect(await worker.metric('unpair_worker_images_total')).toBeGreaterThan(10 * (1_000 + 100));
  });
  process.kill(worker.computePid() ?? 0, 'SIGKILL');
  expect(await derived(cluster, shot)).toEqual(expected);
  expect(expected.curve.map(({ step }) => step)).toEqual(Array.from({ length: 100 }, (_, k) => 10 * (k + 1)));
  expect(await worker.metric('unpair_worker_compute_restarts_total')).toBe(1);
  // The time left is unknown at the first step of a process: that after a checkpoint, of which one is written every 50.
  const firsts = (heard.get(1) ?? []).filter(({ secondsLeft, step }) => secondsLeft === 0 && step < 1_000);
  expect(firsts.map(({ step }) => step % 50)).toEqual([1, 1]);
  expect(firsts[1]?.step).toBeGreaterThan(100);
});

test('a broker that goes away in mid-training costs nothing: who listens hears on when it is back', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture();
  await cluster.store(made.target, made.surrogate, made.samples);
  await using worker = await startTestWorker(cluster);
  const heard = listen(cluster);
  await cluster.submit(unpairTask(0, made, { epochs: 10_000, cosine: 0.1, rate: 1e-5 }));
  await eventually(() => {
    expect(heard.get(0)?.length).toBeGreaterThan(0);
  });
  await cluster.server.kill();
  const before = heard.get(0)?.at(-1)?.step ?? 0;
  await sleep(1_500);
  await cluster.server.restart();
  await eventually(() => {
    expect(heard.get(0)?.at(-1)?.step).toBeGreaterThan(before);
  });
  expect(worker.describe().task).toBe('test/0');
  expect(await worker.metric('unpair_worker_compute_restarts_total')).toBe(0);
});
