import { UnpairError } from '@unpair/errors';
import { CheckpointFile, explainSystemError, isFull, readWhole, writeWhole } from '@unpair/files';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unpair-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function* pieces(end?: Error): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(1, 2);
  await Promise.resolve();
  if (end !== undefined) throw end;
  yield Uint8Array.of(3);
}

test('a file is written whole, in folders that are made, in the place of what was there', async () => {
  const path = join(folder, 'some', 'where', 'file');
  await writeWhole(path, pieces());
  expect([...(await readWhole(path))]).toEqual([1, 2, 3]);
  await writeWhole(path, 'text');
  expect(await readFile(path, 'utf8')).toBe('text');
  expect(await readdir(join(folder, 'some', 'where'))).toEqual(['file']);
});

test('what cannot be written to its end leaves what was there, and nothing beside it', async () => {
  const path = join(folder, 'file');
  await writeWhole(path, 'before');
  await expect(writeWhole(path, pieces(new Error('the source ended')))).rejects.toThrow('the source ended');
  expect(await readFile(path, 'utf8')).toBe('before');
  expect(await readdir(folder)).toEqual(['file']);
});

test('failed system calls are told in one sentence about the path that the caller knows', async () => {
  await mkdir(join(folder, 'inner'));
  const error: unknown = await writeWhole(join(folder, 'inner'), 'x').catch(explainSystemError);
  expect(error).toBeInstanceOf(UnpairError);
  expect(error).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `${join(folder, 'inner')} is a folder, not a file`,
  });
  expect(await readdir(folder)).toEqual(['inner']);
  await expect(readWhole(join(folder, 'none'))).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: `${join(folder, 'none')} does not exist`,
  });
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  expect(isFull(full)).toBe(true);
  expect(explainSystemError(full, 'x')).toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    message: 'x cannot be written: there is no space left',
  });
  const other = new Error('of another kind');
  expect([isFull(other), explainSystemError(other, 'x')]).toEqual([false, other]);
});

test('a checkpoint is there until it is removed', async () => {
  const [first, next] = [1, 2].map(() => new CheckpointFile(join(folder, 'inner', 'state'), 50));
  expect(await first?.load()).toBeUndefined();
  await first?.save(Uint8Array.of(1));
  await first?.save(Uint8Array.of(2, 3));
  expect([...((await next?.load()) ?? [])]).toEqual([2, 3]);
  await next?.remove();
  await next?.remove();
  expect(await first?.load()).toBeUndefined();
  expect(await readdir(join(folder, 'inner'))).toEqual([]);
});
