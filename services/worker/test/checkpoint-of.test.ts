import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeriveTask } from '@unpair/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkpointOf } from '../src/compute/checkpoint-of.js';

const task: DeriveTask = {
  model: 'pruned',
  kind: 'prune',
  of: { id: 'full', digest: 'a'.repeat(64) },
  from: undefined,
  parameters: '{"sparsity":0.5}',
  calibration: { digest: 'b'.repeat(64), first: 0, count: 10 },
  heldOut: undefined,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unpair-checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a state is there for the next attempt at the same task, until the task has ended', async () => {
  const place = { folder: join(folder, 'inner'), engine: 'onnxruntime-cpu-1' };
  const first = checkpointOf(task, 1, place);
  expect(await first.load()).toBeUndefined();
  await first.save(Uint8Array.of(1));
  await first.save(Uint8Array.of(2, 3));
  const next = checkpointOf({ ...task, model: 'named-otherwise' }, 1, place);
  expect([...((await next.load()) ?? [])]).toEqual([2, 3]);
  await next.remove();
  await next.remove();
  expect(await first.load()).toBeUndefined();
  expect(await readdir(join(folder, 'inner'))).toEqual([]);
});

test('a task that differs in anything that decides its result has a state of its own', async () => {
  const place = { folder, engine: 'onnxruntime-cpu-1' };
  await checkpointOf(task, 1, place).save(Uint8Array.of(1));
  const others = [
    checkpointOf(task, 2, place),
    // Another version, runtime or device would go on to other bits.
    checkpointOf(task, 1, { folder, engine: 'onnxruntime-cpu-2' }),
    checkpointOf({ ...task, kind: 'distill' }, 1, place),
    checkpointOf({ ...task, of: { id: 'full', digest: 'c'.repeat(64) } }, 1, place),
    checkpointOf({ ...task, parameters: '{"sparsity":0.6}' }, 1, place),
    checkpointOf({ ...task, calibration: { digest: 'b'.repeat(64), first: 0, count: 11 } }, 1, place),
    checkpointOf({ ...task, heldOut: { digest: 'c'.repeat(64), first: 0, count: 10 } }, 1, place),
  ];
  for (const other of others) expect(await other.load()).toBeUndefined();
});
