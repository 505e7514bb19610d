import { encodeTask, taskSubject, tasksStream } from '@unpair/protocol';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { eventually, temporaryFolder } from '../../../test/kit/index.js';
import { readWorkerConfig } from '../src/config.js';
import { TestCluster } from './kit/cluster.js';
import { accuracyTask, longTask } from './kit/tasks.js';
import { environmentFor, startTestWorker } from './kit/test-worker.js';
import { fixture } from './kit/tiny-model.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

function start(environment: Readonly<Record<string, string>>): ChildProcess {
  const env = { ...process.env, ...environment };
  return spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'pipe'] });
}

test('a bad setting ends the process with code 2 and one sentence that names it', async () => {
  const child = start({ UNPAIR_WORKER_ID: 'w', UNPAIR_CACHE_DIR: '/tmp', UNPAIR_THREADS: 'many' });
  let text = '';
  child.stderr?.on('data', (data: Buffer) => (text += data.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(2);
  expect(text.trim()).toBe('UNPAIR_THREADS is "many", but must be a whole number from 1 to 1024.');
});

test('a device that is none, or that this machine lacks, is refused in one sentence', async () => {
  await using cluster = await TestCluster.start();
  expect(() =>
    readWorkerConfig({ UNPAIR_WORKER_ID: 'w', UNPAIR_CACHE_DIR: '/tmp', UNPAIR_DEVICE: 'tpu' }),
  ).toThrow('UNPAIR_DEVICE is "tpu", but must be auto, cpu, cuda, cuda:N or webgpu.');
  const environment = { UNPAIR_RUNTIME: 'tensorflow', UNPAIR_DEVICE: 'cuda:99' };
  await expect(startTestWorker(cluster, { environment })).rejects.toThrow(
    /^device "cuda:99" of runtime "tensorflow" cannot be used: /,
  );
});

test('a worker says what it computes on, and of every other device why not', async () => {
  await using cluster = await TestCluster.start();
  const environment = { UNPAIR_RUNTIME: 'tensorflow', UNPAIR_DEVICE: 'cpu' };
  await using worker = await startTestWorker(cluster, { environment });
  const { runtime, devices } = worker.describe();
  expect(runtime).toMatch(/^tensorflow \S+ cpu$/);
  expect(devices.map(({ device, usable }) => [device, usable])).toEqual([
    ['cuda', false],
    ['cuda', false],
    ['webgpu', false],
    ['cpu', true],
    ['cpu', true],
  ]);
  expect(await worker.metrics()).toMatch(
    /^unpair_worker_info\{runtime="tensorflow",version="\S+",device="cpu"\} 1$/m,
  );
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  const task = accuracyTask(0, made);
  await cluster.submit(task);
  expect((await cluster.result(task)).runtime).toBe(runtime);
});

test('SIGTERM: the task in hand goes back at once, the process ends with 0, another worker finishes', async () => {
  // A lease so long that only a hand-back explains that the task moves.
  await using cluster = await TestCluster.start(60_000);
  await using folder = await temporaryFolder();
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  const leaving = start(environmentFor(cluster, folder, { environment: { UNPAIR_DRAIN_SECONDS: '0' } }));
  const task = longTask(0, made, 200_000);
  await cluster.submit(task);
  await eventually(async () => {
    expect((await cluster.depth()).held).toBe(1);
  });
  const exited = once(leaving, 'exit');
  leaving.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  const { held, waiting } = await cluster.depth();
  expect(held + waiting).toBe(1);
  await using successor = await startTestWorker(cluster, { name: 'successor' });
  await eventually(() => {
    expect(successor.describe().task).toBe('test/0');
  });
  // Pre-emption is no failure: however often it happens, it brings no task nearer to being given up.
  expect((await cluster.depth()).redelivered).toBe(0);
  expect(await successor.metric('unpair_worker_redeliveries_total')).toBe(0);
});

test('a task that comes while an idle worker leaves is handed back without the cost of a delivery', async () => {
  await using cluster = await TestCluster.start(60_000);
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  const leaving = await startTestWorker(cluster);
  const task = accuracyTask(0, made);
  const queue = await cluster.queue(task);
  const manager = await cluster.connection.jetstreamManager();
  await eventually(async () => {
    expect((await manager.consumers.info(tasksStream, queue)).num_waiting).toBe(1);
  });
  const left = leaving[Symbol.asyncDispose]();
  await cluster.put(taskSubject(queue, task), encodeTask(task));
  await left;
  await using successor = await startTestWorker(cluster, { name: 'successor' });
  expect((await cluster.result(task)).worker).toBe('successor');
  expect(await successor.metric('unpair_worker_redeliveries_total')).toBe(0);
});

test('an idle worker ends on SIGTERM within seconds', async () => {
  await using cluster = await TestCluster.start();
  await using folder = await temporaryFolder();
  const made = await fixture(8);
  await cluster.store(made.target, made.samples);
  const child = start(environmentFor(cluster, folder, {}));
  const task = accuracyTask(0, made);
  await cluster.submit(task);
  await cluster.result(task);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});
