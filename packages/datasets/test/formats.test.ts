import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';

import { encodeSampleSet, inputs, inputsAt, loadDataset, slice } from '@unpair/datasets';

import { rejectionOf, scratchFolder } from './support.js';

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
  ])('that are %s are refused', async (_, images, sentence) => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 'train-images-idx3-ubyte'), images);
    await writeFile(join(folder, 'train-labels-idx1-ubyte'), idx([2], [0, 1]));
    expect((await rejectionOf(loadDataset(folder, 'train', { dataDir }))).message).toMatch(sentence);
  });
});

describe('an image folder', () => {
  test('goes round its classes in name order', async () => {
    const folder = await scratchFolder();
    await picture(join(folder, 'b'), '1.png', [10, 20, 30]);
    await picture(join(folder, 'b'), '2.png', [40, 50, 60]);
    await picture(join(folder, 'a'), 'x.png', [1, 2, 3]);
    const set = await loadDataset(folder, 'test', { dataDir });
    expect(set).toMatchObject({ classNames: ['a', 'b'], classes: 2, shape: [3, 2, 1], count: 3 });
    expect([...set.labels]).toEqual([0, 1, 1]);
    expect([...set.images.slice(0, 12)]).toEqual([1, 1, 2, 2, 3, 3, 10, 10, 20, 20, 30, 30]);
  });

  test('has splits where it has folders of their names', async () => {
    const folder = await scratchFolder();
    await picture(join(folder, 'train', 'a'), '1.png', [1, 1, 1]);
    await picture(join(folder, 'test', 'a'), '1.png', [2, 2, 2]);
    const [train, test] = [
      await loadDataset(folder, 'train', { dataDir }),
      await loadDataset(folder, 'test', { dataDir }),
    ];
    expect([train.split, train.images[0]]).toEqual(['train', 1]);
    expect([test.split, test.images[0]]).toEqual(['test', 2]);
    expect(await loadDataset(join(folder, 'test'), 'train', { dataDir })).not.toHaveProperty('split');
  });

  test('names the picture that it refuses', async () => {
    const folder = await scratchFolder();
    await picture(join(folder, 'a'), '1.png', [1, 1, 1]);
    await writeFile(join(folder, 'a', '2.png'), 'not a picture');
    expect((await rejectionOf(loadDataset(folder, 'test', { dataDir }))).message).toMatch(
      /2\.png is not a complete PNG file$/,
    );
    await picture(join(folder, 'a'), '2.png', [1, 1, 1], { width: 3 });
    expect((await rejectionOf(loadDataset(folder, 'test', { dataDir }))).message).toMatch(
      /2\.png is 3×2, but the images before it are 1×2$/,
    );
    await picture(join(folder, 'a'), '2.png', [1, 1, 1], { alpha: 128 });
    expect((await rejectionOf(loadDataset(folder, 'test', { dataDir }))).message).toMatch(
      /2\.png is transparent in places$/,
    );
  });

  test('without pictures is refused', async () => {
    const folder = await scratchFolder();
    expect((await rejectionOf(loadDataset(folder, 'test', { dataDir }))).message).toBe(
      `${folder} has no test split, and holds no PNG files in class-named folders`,
    );
    await mkdir(join(folder, 'test'));
    expect((await rejectionOf(loadDataset(folder, 'test', { dataDir }))).message).toBe(
      `${join(folder, 'test')} holds no PNG files in class-named folders`,
    );
  });

  test('with the other split alone is refused', async () => {
    const folder = await scratchFolder();
    await picture(join(folder, 'train', 'a'), '1.png', [1, 1, 1]);
    expect((await rejectionOf(loadDataset(folder, 'test', { dataDir }))).message).toMatch(
      /has no test split, and holds no PNG files/,
    );
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
  expect([...inputsAt(loaded, [3, 0])]).toEqual([1, 0.25]);
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
});

function idx(shape: readonly number[], values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, 0x0800 + shape.length);
  shape.forEach((dim, axis) => {
    view.setUint32(4 + 4 * axis, dim);
  });
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

async function picture(
  folder: string,
  name: string,
  [red, green, blue]: readonly [number, number, number],
  { width = 1, alpha = 255 } = {},
): Promise<void> {
  const png = new PNG({ width, height: 2 });
  for (let pixel = 0; pixel < width * 2; pixel++) png.data.set([red, green, blue, alpha], pixel * 4);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), PNG.sync.write(png));
}
