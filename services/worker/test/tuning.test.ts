import type { Runtime } from '@unpair/graph';
import { createClassifier, type RunSize } from '@unpair/classifiers';
import { createOnnxRuntime } from '@unpair/runtime';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, temporaryFolder } from '../../../test/kit/index.js';
import { Tuner, type TunerOptions } from '../src/compute/tuning/tuner.js';
import { TuningFile } from '../src/compute/tuning/tuning-file.js';
import { tinyModel } from './kit/tiny-model.js';

const runtime: Runtime = createOnnxRuntime();
const digest = 'ab'.repeat(32);
const graph = tinyModel(1);

function options(folder: string, more: Partial<TunerOptions> = {}): TunerOptions {
  return { runtime, threads: 1, batchSize: 16, fixed: false, folder, memory: 1e9, ...more };
}

/** Sizes of the runs that `size` makes of 16 rows. */
function runs(size: RunSize): readonly number[] {
  const rows: number[] = [];
  for (let left = 16; left > 0; left -= rows.at(-1) ?? left) rows.push(size.next(left));
  return rows;
}

test('what one process learnt about a model, the next one knows', async () => {
  await using folder = await temporaryFolder();
  const runSizes = await new Tuner(options(folder.path)).runSizes(digest, graph);
  expect(runs(runSizes.logits)).toEqual([4, 4, 4, 4]);
  const clock = (): number => performance.now();
  const classifier = await createClassifier({ graph, runtime, runSizes, clock });
  for (let round = 0; round < 8; round++) await classifier.logits(new Float32Array(16 * 36), 16);
  await classifier.close();
  const file = new TuningFile(folder.path, { digest, graph: 'logits', runtime, threads: 1 });
  const learnt = await eventually(async () => {
    const sizes = await file.read();
    expect(Object.keys(sizes?.millisecondsPerRow ?? {})).toEqual(['4', '8', '16']);
    return sizes;
  });
  const times = Object.entries(learnt?.millisecondsPerRow ?? {}).sort(([, a], [, b]) => a - b);
  const next = await new Tuner(options(folder.path)).runSizes(digest, graph);
  expect(runs(next.logits)[0]).toBe(Number(times[0]?.[0]));
  // Another device, another number of threads and the other graph have nothing to do with it.
  const elsewhere = options(folder.path, { runtime: { ...runtime, device: 'cuda:0' } });
  expect(runs((await new Tuner(elsewhere).runSizes(digest, graph)).logits)[0]).toBe(4);
  expect(
    runs((await new Tuner(options(folder.path, { threads: 2 })).runSizes(digest, graph)).logits)[0],
  ).toBe(4);
  expect(runs(next.gradient)[0]).toBe(4);
});

test('a file that holds no tuning is learnt anew', async () => {
  await using folder = await temporaryFolder();
  const file = new TuningFile(folder.path, { digest, graph: 'logits', runtime, threads: 1 });
  file.write({ millisecondsPerRow: { 4: 1, 8: 2 }, fitting: 8 });
  await file.settled();
  expect(await file.read()).toEqual({ millisecondsPerRow: { 4: 1, 8: 2 }, fitting: 8 });
  const [name = ''] = await readdir(folder.path);
  for (const text of ['', '[]', '{"millisecondsPerRow":{"4":"x"},"fitting":null}', '{"fitting":0}']) {
    await writeFile(join(folder.path, name), text);
    expect(await file.read()).toBeUndefined();
  }
});

test('a batch size that was asked for is kept, and halved only for lack of memory', async () => {
  await using folder = await temporaryFolder();
  const lost: unknown[] = [];
  const onOutOfMemory = (...about: readonly unknown[]): void => {
    lost.push(about);
  };
  const tuner = new Tuner(options(folder.path, { fixed: true, batchSize: 16, onOutOfMemory }));
  const { gradient } = await tuner.runSizes(digest, graph);
  expect(runs(gradient)).toEqual([16]);
  gradient.outOfMemory(16);
  expect(runs(gradient)).toEqual([8, 8]);
  expect(lost).toEqual([['gradient', digest, 16]]);
});

test('no run is tried whose values would not fit in the memory that there is', async () => {
  await using folder = await temporaryFolder();
  // Convolution, ReLU and Flatten of 8 channels of 6 by 6, and three logits: 3468 bytes a sample.
  const tuner = new Tuner(options(folder.path, { memory: 6 * 3468 }));
  const { logits } = await tuner.runSizes(digest, graph);
  for (let round = 0; round < 10; round++) for (const rows of runs(logits)) logits.took?.(rows, 1);
  expect(Math.max(...runs(logits))).toBeLessThanOrEqual(6);
});
