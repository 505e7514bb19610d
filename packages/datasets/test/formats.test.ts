import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import { encodeSampleSet, inputs, loadDataset, slice } from '@unpair/datasets';

import { idx, rejectionOf, scratchFolder, writeFiles } from './support.js';

const dataDir = '/nonexistent';

describe('idx files', () => {
  test('are read, gzipped or not, from a folder or by their name', async () => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 't10k-images-idx3-ubyte'), idx([2, 1, 2], [0, 51, 102, 255]));
    await writeFile(join(folder, 't10k-labels-idx1-ubyte.gz'), gzipSync(idx([2], [4, 1])));
    const set = await loadDataset(folder, 'test', { dataDir });
    expect(set).toMatchObject({ split: 'test', classes: 5, shape: [1, 1, 2], count: 2 });
    expect([...set.labels]).toEqual([4, 1]);
    expect([...inputs(set)]).toEqual([0, 51 / 255, 102 / 255, 1].map(Math.fround));
    const file = await loadDataset(join(folder, 't10k-images-idx3-ubyte'), 'train', { dataDir });
    expect([...file.images]).toEqual([...set.images]);
    expect(file).not.toHaveProperty('split');
  });

  test.each([
    ['truncated', idx([2, 1, 2], [0, 1, 2]), /is damaged: it holds 19 bytes instead of 20$/],
    ['declared huge', idx([0xffffffff, 0xffff, 0xff], [1]), /is damaged: it holds 17 bytes instead of \d+$/],
    ['cut in the header', idx([2, 1, 2], []).subarray(0, 9), /is damaged: it holds 9 bytes instead of 16$/],
    ['of floats', Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 0), /is not an idx file of unsigned bytes$/],
    ['empty', new Uint8Array(0), /is not an idx file of unsigned bytes$/],
    [
      'cut in the gzip stream',
      gzipSync(idx([2, 1, 2], [0, 1, 2, 3])).subarray(0, 20),
      /is not a complete gzip file$/,
    ],
    ['short of labels', idx([3, 1, 1], [1, 2, 3]), /have shape \[2\] for 3 images$/],
    ['longer than declared', idx([2, 1, 1], [1, 2, 3]), /is damaged: it holds 19 bytes instead of 18$/],
    ['flat', idx([2], [1, 2]), /have shape \[2\] instead of \[N, H, W\] or \[N, C, H, W\]$/],
    ['of too many axes', idx([2, 1, 1, 1, 1], [1, 2]), /have shape \[2, 1, 1, 1, 1\] instead of/],
  ])('that are %s are refused', async (_, images, sentence) => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 'train-images-idx3-ubyte'), images);
    await writeFile(join(folder, 'train-labels-idx1-ubyte'), idx([2], [0, 1]));
    expect((await rejectionOf(loadDataset(folder, 'train', { dataDir }))).message).toMatch(sentence);
  });
});

describe('idx files', () => {
  test('may have channels, and their train and test files apart', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, {
      'train-images-idx3-ubyte': idx([1, 3, 1, 2], [1, 2, 3, 4, 5, 6]),
      'train-labels-idx1-ubyte': idx([1], [255]),
    });
    const set = await loadDataset(folder, 'train', { dataDir });
    expect(set).toMatchObject({ split: 'train', classes: 256, shape: [3, 1, 2], count: 1 });
    expect([...set.images]).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await rejectionOf(loadDataset(folder, 'test', { dataDir }))).message).toBe(
      `${folder} has no test split, and holds no images in class-named folders`,
    );
  });

  test('are not read without their labels, or under names that do not tell these', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'test-images-idx3-ubyte': idx([1, 1, 1], [1]) });
    expect(
      (await rejectionOf(loadDataset(join(folder, 'test-images-idx3-ubyte'), 'test', { dataDir }))).message,
    ).toBe(`${join(folder, 'test-labels-idx1-ubyte.gz')} does not exist`);
    await writeFiles(folder, { 'pictures-idx3-ubyte': idx([1, 1, 1], [1]) });
    expect(
      (await rejectionOf(loadDataset(join(folder, 'pictures-idx3-ubyte'), 'test', { dataDir }))).message,
    ).toMatch(/is not named …images-idx3-ubyte, so its labels cannot be found$/);
  });

  test('have the size that they have', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, {
      't10k-images-idx3-ubyte': idx([1, 2, 1], [1, 2]),
      't10k-labels-idx1-ubyte': idx([1], [0]),
    });
    expect(await rejectionOf(loadDataset(folder, 'test', { dataDir, size: 2 }))).toMatchObject({
      field: 'size',
      message: `the images of ${folder} are 2×1 and only files of images are resized, to 2×2`,
    });
  });
});

test('an npz file is read by its path, and parts of it are taken', async () => {
  const folder = await scratchFolder();
  const path = join(folder, 'samples.npz');
  const images = Float32Array.of(0.25, 0.5, 0.75, 1);
  const set = {
    name: '',
    classes: 2,
    classNames: null,
    shape: [1, 1, 1] as const,
    count: 4,
    images,
    labels: Int32Array.of(0, 1, 1, 0),
  };
  await writeFile(path, encodeSampleSet(set));
  const loaded = await loadDataset(path, 'test', { dataDir });
  expect(loaded).not.toHaveProperty('split');
  expect([...inputs(loaded, 1, 2)]).toEqual([0.5, 0.75]);
  expect([...inputs(slice(loaded, 2, 2))]).toEqual([0.75, 1]);
  expect([...slice(loaded, 2, 2).labels]).toEqual([1, 0]);
  expect(() => inputs(loaded, 3, 2)).toThrow(`samples 3 to 5 are not all in ${path}, which has 4`);
});

test('a source that is no data set is named', async () => {
  const folder = await scratchFolder();
  const path = join(folder, 'notes.txt');
  await writeFile(path, 'x');
  expect((await rejectionOf(loadDataset(path, 'test', { dataDir }))).message).toMatch(
    /notes\.txt is no data set: a path must lead to/,
  );
  expect((await rejectionOf(loadDataset('cifar99', 'test', { dataDir }))).message).toBe(
    '"cifar99" is neither a known data set (cifar10, fashion-mnist, mnist) nor an existing path',
  );
  for (const name of ['CIFAR-10', '/data/cifar_10']) {
    expect((await rejectionOf(loadDataset(name, 'test', { dataDir }))).message).toBe(
      `"${name}" is neither a known data set (cifar10, fashion-mnist, mnist) nor an existing path; did you mean "cifar10"?`,
    );
  }
});
