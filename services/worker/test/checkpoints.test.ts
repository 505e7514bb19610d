import { createLogger, type TopologyOptions } from '@unpair/platform';
import type { DerivedModel, Task } from '@unpair/protocol';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { eventually, temporaryFolder, type TemporaryFolder } from '../../../test/kit/index.js';
import { TestCluster } from './kit/cluster.js';
import { imitateTask, unpairTask } from './kit/tasks.js';
import { environmentFor, startTestWorker, type TestWorker } from './kit/test-worker.js';
import { fixture } from './kit/tiny-model.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const bucket = 'OBJ_unpair-checkpoints';

/** A worker as a pod has it: a process of its own, with a folder that nobody else sees. */
interface Pod extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Everything that it has logged. */
  readonly log: () => string;
}

async function startPod(cluster: TestCluster, environment: Readonly<Record<string, string>>): Promise<Pod> {
  const folder: TemporaryFolder = await temporaryFolder();
  const env = { ...process.env, ...environmentFor(cluster, folder, { name: 'pod', environment }) };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (log += text.toString()));
  return {
    process: child,
    log: () => log,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function derived(cluster: TestCluster, task: Task): Promise<DerivedModel> {
  const { outcome } = await cluster.result(task);
  if (outcome?.$case !== 'derived') throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

/** Messages of the bucket: none without a checkpoint. */
async function stored(cluster: TestCluster): Promise<number> {
  const manager = await cluster.connection.jetstreamManager();
  return (await manager.streams.info(bucket)).state.messages;
}

/** Steps that a worker did not do again since the store had them. */
function spared(worker: TestWorker): Promise<number> {
  return worker.metric('unpair_worker_resumed_steps_total{from="store"}');
}

const long = { epochs: 1_200, cosine: 0.1, rate: 1e-5 };
const often = { UNPAIR_CHECKPOINT_SECONDS: '1' };

test('kill -9 of a pod in mid-training: another, with a disk of its own, goes on to the same model and curve', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture();
  await cluster.store(made.target, made.surrogate, made.samples);
  const [quiet, shot] = [unpairTask(0, made, long), unpairTask(1, made, long)];
  await using pod = await startPod(cluster, often);
  await cluster.submit(quiet);
  const expected = await derived(cluster, quiet);
  // Its result is there: nothing will go on from its states.
  await eventually(async () => {
    expect(await stored(cluster)).toBe(0);
  });
  await cluster.submit(shot);
  await eventually(async () => {
    expect(await stored(cluster)).toBeGreaterThan(0);
  });
  pod.process.kill('SIGKILL');
  await using successor = await startTestWorker(cluster, { name: 'successor' });
  expect(await derived(cluster, shot)).toEqual(expected);
  expect((await cluster.result(shot)).worker).toBe('successor');
  expect(await spared(successor)).toBeGreaterThan(0);
  await eventually(async () => {
    expect(await stored(cluster)).toBe(0);
  });
});

test('SIGTERM in mid-training: the state is stored before the task goes back, and no query is counted twice', async () => {
  await using cluster = await TestCluster.start(60_000);
  const made = await fixture();
  await cluster.store(made.target, made.surrogate, made.samples);
  const task = imitateTask(0, made, { epochs: 5_000, rate: 1e-5 });
  await using pod = await startPod(cluster, { UNPAIR_DRAIN_SECONDS: '0' });
  let heard = 0;
  cluster.connection.subscribe('training.>', { callback: () => heard++ });
  await cluster.submit(task);
  // The first step is told at once, and so is the last: to wait for more may be to wait for the end.
  await eventually(() => {
    expect(heard).toBeGreaterThan(0);
  });
  const exited = once(pod.process, 'exit');
  pod.process.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(await stored(cluster), pod.log()).toBeGreaterThan(0);
  await using successor = await startTestWorker(cluster, { name: 'successor' });
  expect((await derived(cluster, task)).queries).toBe(15);
  expect(await spared(successor)).toBeGreaterThan(0);
});

test('a store that is full, or that nobody has made, costs one line of the log, and no task', async () => {
  const topology: TopologyOptions = { maxCheckpointBytes: 1_000 };
  await using cluster = await TestCluster.start(2_000, topology);
  const made = await fixture();
  await cluster.store(made.target, made.surrogate, made.samples);
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'test', level: 'warn', destination });
  await using worker = await startTestWorker(cluster, { environment: often, logger });
  const [full, none] = [unpairTask(0, made, long), unpairTask(1, made, { ...long, rate: 2e-5 })];
  await cluster.submit(full);
  await derived(cluster, full);
  expect(lines.filter((line) => line.includes('could not be stored'))).toHaveLength(1);
  const manager = await cluster.connection.jetstreamManager();
  await manager.streams.delete(bucket);
  await cluster.submit(none);
  await derived(cluster, none);
  expect(lines.filter((line) => line.includes('could not be stored'))).toHaveLength(2);
  expect(lines).toHaveLength(2);
  expect(await worker.metric('unpair_worker_checkpoints_stored_total')).toBe(0);
});
