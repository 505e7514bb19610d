import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeriveTask } from '@unpair/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CheckpointFile } from '../src/compute/checkpoint-file.js';

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
  const first = new CheckpointFile(join(folder, 'inner'), task, 1);
  expect(await first.load()).toBeUndefined();
  await first.save(Uint8Array.of(1));
  await first.save(Uint8Array.of(2, 3));
  const next = new CheckpointFile(join(folder, 'inner'), { ...task, model: 'named-otherwise' }, 1);
  expect([...((await next.load()) ?? [])]).toEqual([2, 3]);
  await next.remove();
  await next.remove();
  expect(await first.load()).toBeUndefined();
  expect(await readdir(join(folder, 'inner'))).toEqual([]);
});

test('a task that differs in anything that decides its result has a state of its own', async () => {
  await new CheckpointFile(folder, task, 1).save(Uint8Array.of(1));
  const others = [
    new CheckpointFile(folder, task, 2),
    new CheckpointFile(folder, { ...task, kind: 'distill' }, 1),
    new CheckpointFile(folder, { ...task, of: { id: 'full', digest: 'c'.repeat(64) } }, 1),
    new CheckpointFile(folder, { ...task, parameters: '{"sparsity":0.6}' }, 1),
    new CheckpointFile(folder, { ...task, calibration: { digest: 'b'.repeat(64), first: 0, count: 11 } }, 1),
    new CheckpointFile(folder, { ...task, heldOut: { digest: 'c'.repeat(64), first: 0, count: 10 } }, 1),
  ];
  for (const other of others) expect(await other.load()).toBeUndefined();
});
