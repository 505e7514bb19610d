import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Split } from '@unpair/datasets';
import { loadDataset } from '@unpair/datasets';

import { pixel, png, rejectionOf, scratchFolder, writeFiles } from './support.js';

const load = (folder: string, split: Split = 'test'): ReturnType<typeof loadDataset> =>
  loadDataset(folder, split, { dataDir: '/nonexistent' });

/** The sentence with which a folder is refused, which is named FOLDER in it. */
async function refusal(folder: string, split: Split = 'test'): Promise<string> {
  return (await rejectionOf(load(folder, split))).message.replaceAll(folder, 'FOLDER');
}

/** The first bytes of what others write, which is all that is looked at. */
const FOREIGN = {
  BMP: Buffer.from('BM\x46\x00\x00\x00', 'latin1'),
  HEIC: Buffer.from('\x00\x00\x00\x18ftypheic', 'latin1'),
};

describe('an image folder', () => {
  test('goes round its classes in name order', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, {
      'b/1.png': pixel(10, 20, 30),
      'b/2.png': pixel(40, 50, 60),
      'a/x.PNG': pixel(1, 2, 3),
    });
    const set = await load(folder);
    expect(set).toMatchObject({ classNames: ['a', 'b'], classes: 2, shape: [3, 1, 1], count: 3 });
    expect([...set.labels]).toEqual([0, 1, 1]);
    expect([...set.images]).toEqual([1, 2, 3, 10, 20, 30, 40, 50, 60]);
  });

  test('has one channel where all images are grey, and planes of rows', async () => {
    const folder = await scratchFolder();
    const grey = png([3, 2], (x, y) => Array<number>(3).fill(10 * x + y), { grey: true });
    await writeFiles(folder, { 'a/1.png': grey });
    const set = await load(folder);
    expect(set.shape).toEqual([1, 2, 3]);
    expect([...set.images]).toEqual([0, 10, 20, 1, 11, 21]);
    await writeFiles(folder, { 'a/2.png': png([3, 2], () => [1, 2, 3]) });
    expect((await load(folder)).shape).toEqual([3, 2, 3]);
  });

  test('has splits where it has folders of their names', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'train/a/1.png': pixel(1), 'test/a/1.png': pixel(2) });
    const [train, testing] = [await load(folder, 'train'), await load(folder, 'test')];
    expect([train.split, train.images[0]]).toEqual(['train', 1]);
    expect([testing.split, testing.images[0]]).toEqual(['test', 2]);
    expect(await load(join(folder, 'test'), 'train')).not.toHaveProperty('split');
  });

  test('may have a class that is called as a split is', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'plane/1.png': pixel(1), 'train/1.png': pixel(2) });
    for (const split of ['train', 'test'] as const) {
      expect(await load(folder, split)).toMatchObject({ classNames: ['plane', 'train'], count: 2 });
    }
  });

  test('names the picture that it refuses', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'a/1.png': pixel(1), 'a/2.png': 'not a picture' });
    expect(await refusal(folder)).toBe('FOLDER/a/2.png is not a complete PNG file');
    await writeFiles(folder, { 'a/2.png': png([3, 2], () => [1]) });
    expect(await refusal(folder)).toBe('FOLDER/a/2.png is 3×2, but the images before it are 1×1');
    await writeFiles(folder, { 'a/2.png': pixel(1, 1, 1, 128) });
    expect(await refusal(folder)).toBe('FOLDER/a/2.png is transparent in places');
  });

  test('is refused where it has no pictures, or no such split', async () => {
    const folder = await scratchFolder();
    expect(await refusal(folder)).toBe(
      'FOLDER has no test split, and holds no images in class-named folders',
    );
    await mkdir(join(folder, 'test'));
    expect(await refusal(folder)).toBe('FOLDER/test holds no images in class-named folders');
    expect(await refusal(folder, 'train')).toBe('FOLDER has no train split, only test');
    await writeFiles(folder, { 'test/a/1.png': pixel(1) });
    expect(await refusal(folder, 'train')).toBe('FOLDER has no train split, only test');
  });
});

describe('all of an image folder is read', () => {
  test('files at any depth belong to the class above them, in the order of torchvision', async () => {
    const folder = await scratchFolder();
    // What sorted(os.walk(…)) gives, by the folders' paths, files sorted in each.
    const names = ['z.png', 'sub/a.png', 'sub/b.png', 'sub-1/a.png', 'sub/deep/a.png', 'sub0/a.png'];
    const files = names.map((name, index) => [`ant/${name}`, pixel(index)] as const);
    await writeFiles(folder, Object.fromEntries(files.toReversed()));
    const set = await load(folder);
    expect(set.classNames).toEqual(['ant']);
    expect([...set.images].filter((_, index) => index % 3 === 0)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('links to folders and files are followed', async () => {
    const folder = await scratchFolder();
    const elsewhere = await scratchFolder();
    await writeFiles(folder, { 'a/1.png': pixel(1) });
    await writeFiles(elsewhere, { 'bees/1.png': pixel(2), 'more/1.png': pixel(3), 'one.png': pixel(4) });
    await symlink(join(elsewhere, 'bees'), join(folder, 'b'));
    await symlink(join(elsewhere, 'more'), join(folder, 'a', 'more'));
    await symlink(join(elsewhere, 'one.png'), join(folder, 'a', '2.png'));
    const set = await load(folder);
    expect(set).toMatchObject({ classNames: ['a', 'b'], count: 4 });
    expect([...set.images].filter((_, index) => index % 3 === 0)).toEqual([1, 2, 4, 3]);
  });

  test('a link that leads back, or nowhere, is said', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'a/1.png': pixel(1), 'b/deep/1.png': pixel(2) });
    await symlink(join(folder, 'b'), join(folder, 'b', 'deep', 'again'));
    expect(await refusal(folder)).toBe(
      'FOLDER/b/deep/again leads back to FOLDER/b, a folder that it lies in',
    );
    const other = await scratchFolder();
    await writeFiles(other, { 'a/1.png': pixel(1) });
    await symlink(join(other, 'gone.png'), join(other, 'a', '2.png'));
    expect(await refusal(other)).toBe('FOLDER/a/2.png is a link that leads nowhere');
  });

  test('two links to one folder that does not hold them are no circle', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'a/1.png': pixel(1) });
    await symlink(join(folder, 'a'), join(folder, 'b'));
    await symlink(join(folder, 'a'), join(folder, 'c'));
    expect((await load(folder)).count).toBe(3);
  });

  test('what is hidden, or left behind by a file manager, is neither class nor sample', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, {
      'ant/1.png': pixel(1),
      'ant/.DS_Store': 'x',
      'ant/._1.png': 'x',
      'ant/Thumbs.db': 'x',
      'ant/.ipynb_checkpoints/1-checkpoint.png': pixel(9),
      'bee/1.png': pixel(2),
      '.ipynb_checkpoints/1.png': pixel(9),
      '__MACOSX/ant/._1.png': 'x',
      'README.md': 'beside the classes nobody looks for samples',
      'classes.txt': 'ant bee',
    });
    expect(await load(folder)).toMatchObject({ classNames: ['ant', 'bee'], count: 2 });
  });

  test('bytes behind the end of a picture are no part of it', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, {
      'a/1.png': Buffer.concat([pixel(1, 2, 3), Buffer.of(0)]),
      'a/2.png': Buffer.concat([pixel(4, 5, 6), pixel(7, 8, 9)]),
    });
    expect([...(await load(folder)).images]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('a picture that is cut anywhere is not complete', async () => {
    const folder = await scratchFolder();
    const whole = png([2, 2], (x, y) => [x, y, 7]);
    for (let length = 0; length < whole.length; length += 1) {
      await writeFiles(folder, { 'a/1.png': whole.subarray(0, length) });
      expect(await refusal(folder)).toBe('FOLDER/a/1.png is not a complete PNG file');
    }
  });
});

describe('what cannot be read is counted', () => {
  const remedy = 'PNG, JPEG, WebP, GIF, TIFF and AVIF files are read, so convert, rename or remove them';

  test('by the format that names say', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, {
      'ant/0.png': pixel(1),
      'ant/1.bmp': FOREIGN.BMP,
      'ant/2.BMP': FOREIGN.BMP,
      'bee/deep/3.heic': FOREIGN.HEIC,
      'bee/4.txt': 'a caption',
      'bee/5.ppm': 'P6 1 1 255\n',
    });
    expect(await refusal(folder)).toBe(
      `FOLDER holds files that are not read: 2 BMP and 1 of no image format and 1 PNM and 1 HEIC, the first ant/1.bmp; ${remedy}`,
    );
  });

  test.each(Object.entries(FOREIGN))('where a %s file is called .png', async (format, bytes) => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'a/1.png': bytes, 'b/2.png': bytes, 'b/3.png': pixel(1) });
    expect(await refusal(folder)).toBe(
      `FOLDER holds files that are not read: 2 ${format} called .png, the first a/1.png; ${remedy}`,
    );
  });

  test('where a file has no ending', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'a/1.jpg': pixel(1), 'a/2': pixel(2), 'a/3.png': pixel(3) });
    expect(await refusal(folder)).toBe(
      `FOLDER holds files that are not read: 1 PNG, the first a/2; ${remedy}`,
    );
  });

  test('where they lie in no class, of a split as well', async () => {
    const folder = await scratchFolder();
    await writeFiles(folder, { 'train/ant/0.png': pixel(1), '1.png': pixel(1), '2.png': pixel(1) });
    expect((await load(folder, 'train')).count).toBe(1);
    const root = await scratchFolder();
    await writeFiles(root, { 'ant/0.png': pixel(1), '1.png': pixel(1), '2.jpg': pixel(2) });
    expect(await refusal(root)).toBe(
      'FOLDER holds 2 image files, the first 1.png, in no folder that names their class: move or remove them',
    );
  });
});
