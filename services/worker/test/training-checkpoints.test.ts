import { CheckpointStore, createLogger, createRegistry, digestOf } from '@unpair/platform';
import type { Task } from '@unpair/protocol';
import { TrainingCurve } from '@unpair/training';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/kit/index.js';
import { createWorkerMetrics } from '../src/agent/metrics.js';
import { TrainingCheckpoints } from '../src/agent/training-checkpoints.js';
import { checkpointKey } from '../src/compute/checkpoint-of.js';
import { encodeCheckpoint } from '../src/compute/checkpoint-record.js';
import { TestCluster } from './kit/cluster.js';
import { accuracyTask, quantizeTask } from './kit/tasks.js';
import { fixture } from './kit/tiny-model.js';

const made = await fixture(4);
const task = quantizeTask(0, made);

/** A state after so many steps. */
function recordOf(steps: number): Uint8Array {
  const curve = new TrainingCurve(10);
  for (let step = 1; step <= steps; step++) {
    curve.add({ step, steps: 100, epochs: 1, batch: 1, loss: 1, accuracy: 1 });
  }
  return encodeCheckpoint({ curve: curve.state, state: new Uint8Array(300_000).fill(steps) });
}

interface Bench extends AsyncDisposable {
  readonly checkpoints: TrainingCheckpoints;
  readonly store: CheckpointStore;
  /** File that the compute process works with. */
  readonly path: string;
  readonly key: string;
  readonly lines: string[];
  /** What the compute process finds: the steps of a state, 0 without any. */
  begin(engine?: string, of?: Task): Promise<number>;
  put(steps: number, bytes?: Uint8Array): Promise<void>;
}

const never = { signal: new AbortController().signal, abandoned: new AbortController().signal };

async function bench(): Promise<Bench> {
  const cluster = await TestCluster.start();
  const folder = await temporaryFolder();
  const store = new CheckpointStore(cluster.connection);
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'test', level: 'info', destination });
  const metrics = createWorkerMetrics(createRegistry());
  const open = (engine: string): TrainingCheckpoints =>
    new TrainingCheckpoints({
      ...{ store, metrics, logger },
      ...{ folder: folder.path, engine: () => engine, interval: 3_600_000 },
    });
  const keyOf = (engine: string): string => {
    if (task.work?.$case !== 'derive') throw new TypeError('no training');
    return checkpointKey(task.work.value, task.seed, engine);
  };
  const key = keyOf('one');
  return {
    ...{ store, key, lines, checkpoints: open('one'), path: join(folder.path, key) },
    begin: async (engine = 'one', of = task) =>
      open(engine).during(of, never, async () => {
        const bytes = await readFile(join(folder.path, keyOf(engine))).catch(() => undefined);
        return bytes?.readUInt32LE(32) ?? 0;
      }),
    put: async (steps, bytes = recordOf(steps)) => {
      await store.put(key, { steps, content: Readable.from([bytes]) });
    },
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

test('training goes on from what is further on, of the disk or of the store, whole', async () => {
  await using all = await bench();
  expect(await all.begin()).toBe(0);
  await all.put(20);
  expect(await all.begin()).toBe(20);
  expect(digestOf(await readFile(all.path))).toBe(digestOf(recordOf(20)));
  await writeFile(all.path, recordOf(30));
  expect(await all.begin()).toBe(30);
  await all.put(40);
  expect(await all.begin()).toBe(40);
  expect(all.lines.map((line) => /"from":"(\w+)"/.exec(line)?.[1])).toEqual(['store', 'disk', 'store']);
});

test('a state of another engine is none, and a task that trains nothing has none', async () => {
  await using all = await bench();
  await all.put(20);
  expect(await all.begin('two')).toBe(0);
  expect(await all.begin('one', accuracyTask(0, made))).toBe(0);
  expect(all.lines).toEqual([]);
});

test('what is damaged on the disk is set aside with a line of the log, and the store helps', async () => {
  await using all = await bench();
  await writeFile(all.path, recordOf(30).fill(1, 200));
  await all.put(20);
  expect(await all.begin()).toBe(20);
  expect(await readdir(join(all.path, '..'))).toEqual([all.key, `${all.key}.damaged`]);
  expect(all.lines.map((line) => /"message":"([^"]*)"/.exec(line)?.[1])).toEqual([
    'a checkpoint is damaged, and was set aside',
    'training goes on from a checkpoint',
  ]);
});

test('what is damaged in the store leaves the disk as it is, and keeps no better one out', async () => {
  await using all = await bench();
  await writeFile(all.path, recordOf(30));
  await all.put(40, recordOf(40).fill(1, 200));
  expect(await all.begin()).toBe(30);
  expect(await all.store.find(all.key)).toBeUndefined();
  await expect(
    all.checkpoints.during(task, never, () => Promise.reject(new Error('the pod is asked to leave'))),
  ).rejects.toThrow('asked to leave');
  expect(await all.store.find(all.key)).toMatchObject({ steps: 30 });
});

test('a task that leaves puts its state into the store, but not one that nobody wants any more', async () => {
  await using all = await bench();
  const leave = async (abandoned: AbortSignal): Promise<void> => {
    const work = async (): Promise<never> => {
      await writeFile(all.path, recordOf(30));
      throw new Error('left');
    };
    await expect(all.checkpoints.during(task, { ...never, abandoned }, work)).rejects.toThrow('left');
  };
  await leave(AbortSignal.abort());
  expect(await all.store.find(all.key)).toBeUndefined();
  await leave(never.abandoned);
  expect(await all.store.find(all.key)).toMatchObject({ steps: 30 });
  await all.checkpoints.forget(task);
  expect(await all.store.find(all.key)).toBeUndefined();
});

test('a disk that cannot be read or written costs lines of the log, and no task', async () => {
  await using all = await bench();
  await all.put(20);
  await mkdir(all.path);
  expect(await all.begin()).toBe(0);
  expect(all.lines.length).toBeGreaterThan(0);
  expect(await all.store.find(all.key)).toMatchObject({ steps: 20 });
  await rm(all.path, { recursive: true });
  expect(await all.begin()).toBe(20);
});
