import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PNG } from 'pngjs';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { loadDataset } from '../src/index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unpair-images-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes a PNG whose pixel at (x, y) is `colour(x, y)`. */
async function image(
  name: string,
  [width, height]: readonly [number, number],
  colour: (x: number, y: number) => readonly number[],
): Promise<void> {
  const png = new PNG({ width, height });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) png.data.set([...colour(x, y), 255], (y * width + x) * 4);
  }
  await writeFile(join(folder, name), PNG.sync.write(png));
}

const load = (options: object = {}): ReturnType<typeof loadDataset> =>
  loadDataset(join(folder, 'list.csv'), 'test', { dataDir: folder, ...options });

test('a CSV file names images and labels, in any columns and with quotes', async () => {
  await image('a.png', [2, 1], (x) => [x, 10, 20]);
  await image('b.png', [2, 1], (x) => [x + 5, 30, 40]);
  await writeFile(join(folder, 'list.csv'), 'class,"the ""name""",id\r\n7,"x, y",b.png\r\n\r\n0,"",a\r\n');
  const set = await load({ columns: { image: 'id', label: 'class' } });
  expect(set).toMatchObject({ classes: 8, classNames: null, shape: [3, 1, 2], count: 2 });
  expect([...set.labels]).toEqual([7, 0]);
  expect([...set.images]).toEqual([5, 6, 30, 30, 40, 40, 0, 1, 10, 10, 20, 20]);
});

test('images of different sizes are resized to one, with a triangular filter that is as wide as pixels are', async () => {
  await image('a.png', [4, 4], (x, y) => [40 * x, 40 * y, 7]);
  await image('b.png', [2, 2], (x) => [x * 100, 0, 0]);
  await writeFile(join(folder, 'list.csv'), 'file,label\na,0\nb,1\n');
  const two = await load({ size: 2 });
  // Weights of 3/7, 3/7 and 1/7 on the three nearest rows or columns: 50/1.75, and as much below 120.
  expect([...two.images.subarray(0, 12)]).toEqual([29, 91, 29, 91, 29, 29, 91, 91, 7, 7, 7, 7]);
  const four = await load({ size: 4 });
  // Pixel centres at 1/4, 3/4, 5/4 and 7/4 of the two columns, whose own are at 1/2 and 3/2.
  expect([...four.images.subarray(48, 52)]).toEqual([0, 25, 75, 100]);
  await expect(load()).rejects.toThrow(/b\.png is 2×2, but the images before it are 4×4$/);
});

test('what is wrong with the list is one sentence', async () => {
  await writeFile(join(folder, 'list.csv'), 'file,label\na.png,cat\n');
  await expect(load()).rejects.toThrow(
    /^line 2 of .*list\.csv has label "cat", which must be a whole number from 0$/,
  );
  await expect(load({ columns: { image: 'id', label: 'label' } })).rejects.toThrow(
    /list\.csv has no column "id"; it has file, label$/,
  );
  await writeFile(join(folder, 'list.csv'), 'file,label\n');
  await expect(load()).rejects.toThrow(/list\.csv names no images$/);
  await writeFile(join(folder, 'list.csv'), '\n');
  await expect(load()).rejects.toThrow(
    /list\.csv is empty: its first line must name columns, file and label among them$/,
  );
});
