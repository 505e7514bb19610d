import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { loadDataset } from '@unpair/datasets';

import { pixel, png, rejectionOf, scratchFolder, writeFiles } from './support.js';

let folder: string;
beforeEach(async () => {
  folder = await scratchFolder();
});

const list = (text: string | Uint8Array): Promise<void> => writeFile(join(folder, 'list.csv'), text);

const load = (options: object = {}): ReturnType<typeof loadDataset> =>
  loadDataset(join(folder, 'list.csv'), 'test', { dataDir: folder, ...options });

/** The sentence with which a list is refused, which is named LIST in it. */
async function refusal(options: object = {}): Promise<string> {
  return (await rejectionOf(load(options))).message
    .replaceAll(join(folder, 'list.csv'), 'LIST')
    .replaceAll(folder, 'FOLDER');
}

describe('a CSV file of images', () => {
  test('names images and labels, in any columns and with quotes', async () => {
    await writeFiles(folder, {
      'a.png': png([2, 1], (x) => [x, 10, 20]),
      'b.png': png([2, 1], (x) => [x + 5, 30, 40]),
    });
    await list('class,"the ""name""",id\r\n7,"x, y",b.png\r\n\r\n0,"",a\r\n');
    const set = await load({ columns: { image: 'id', label: 'class' } });
    expect(set).toMatchObject({ classes: 8, classNames: null, shape: [3, 1, 2], count: 2 });
    expect([...set.labels]).toEqual([7, 0]);
    expect([...set.images]).toEqual([5, 6, 30, 30, 40, 40, 0, 1, 10, 10, 20, 20]);
  });

  test.each([
    ['of Windows', '\r\n'],
    ['of Unix', '\n'],
    ['of old Macs', '\r'],
  ])('may have the line ends %s, a byte order mark, and no line end at last', async (_, end) => {
    await writeFiles(folder, { 'a.png': pixel(1), 'in/b.png': pixel(2) });
    await list(`\ufeff${['file,label', 'a.png,0', 'in/b.png,1'].join(end)}`);
    const set = await load();
    expect([...set.labels]).toEqual([0, 1]);
    expect([set.images[0], set.images[3]]).toEqual([1, 2]);
  });

  test('may name files whose names have commas, quotes, line breaks and dots', async () => {
    const names = ['a,b.png', 'c"d.png', 'e\nf.png', 'g.v2'];
    await writeFiles(
      folder,
      Object.fromEntries(names.map((name, at) => [name.replace(/v2$/, 'v2.png'), pixel(at)])),
    );
    const lines = names.map((name, at) => `"${name.replaceAll('"', '""')}",${at}`);
    await list(`file,label\n${lines.join('\n')}\n`);
    expect([...(await load()).images].filter((_, index) => index % 3 === 0)).toEqual([0, 1, 2, 3]);
  });

  test('may name one image twice, and images in other folders', async () => {
    await writeFiles(folder, { 'deep/list.csv': 'file,label\n../a,1\n../a,0\n', 'a.png': pixel(9) });
    const set = await loadDataset(join(folder, 'deep', 'list.csv'), 'train', { dataDir: folder });
    expect(set).toMatchObject({ count: 2, classes: 2 });
    expect(set).not.toHaveProperty('split');
  });
});

describe('what is wrong with a CSV file of images is one sentence', () => {
  test.each([
    [
      'a label that is a word',
      'a.png,cat',
      'line 2 of LIST has label "cat", which must be a whole number from 0',
    ],
    ['a negative label', 'a.png,-1', 'line 2 of LIST has label "-1", which must be a whole number from 0'],
    ['a label that is missing', 'a.png', 'line 2 of LIST has label "", which must be a whole number from 0'],
    ['no image', ',1', 'line 2 of LIST names no image'],
    [
      'a comma in a name without quotes',
      'a.png,1,0',
      'line 2 of LIST has 3 fields, but the first line names 2 columns',
    ],
    [
      'a line behind empty ones',
      '\n\na.png,x',
      'line 4 of LIST has label "x", which must be a whole number from 0',
    ],
    [
      'a line behind a field of two',
      '"a\nb",0\na,x',
      'line 4 of LIST has label "x", which must be a whole number from 0',
    ],
    [
      'a quotation mark within a field',
      'a.png,0\nb"c.png,1',
      'line 3 of LIST has a quotation mark out of place',
    ],
    [
      'a quotation mark that is not closed',
      'a.png,0\n"b.png,1\n',
      'line 3 of LIST has a quotation mark out of place',
    ],
    ['something behind a quoted field', '"a" .png,0', 'line 2 of LIST has a quotation mark out of place'],
    ['a file that is not there', 'gone,0', 'FOLDER/gone.png does not exist'],
    ['nothing', '', 'LIST names no images'],
  ])('with %s', async (_, lines, sentence) => {
    await list(`file,label\n${lines}`);
    expect(await refusal()).toBe(sentence);
  });

  test('of its columns', async () => {
    await list('file,label\na.png,0\n');
    const columns = { image: 'id', label: 'label' };
    expect(await refusal({ columns })).toBe('LIST has no column "id"; it has file, label');
    expect(await rejectionOf(load({ columns }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'columns',
    });
    await list('\n');
    expect(await refusal()).toBe(
      'LIST is empty: its first line must name columns, file and label among them',
    );
  });

  test('of files that are of other formats, which are counted', async () => {
    const bmp = Buffer.from('BM\x46\x00\x00\x00', 'latin1');
    await writeFiles(folder, { 'a.png': pixel(1), 'b.bmp': bmp, 'c.bmp': bmp, 'd.png': bmp });
    const rest = 'PNG, JPEG, WebP, GIF, TIFF and AVIF files are read, so convert, rename or remove them';
    await list('file,label\na.png,0\nb.bmp,0\nc.bmp,1\n');
    expect(await refusal()).toBe(`LIST names files that are not read: 2 BMP, the first b.bmp; ${rest}`);
    await list('file,label\na.png,0\nd,0\n');
    expect(await refusal()).toBe(
      `LIST names files that are not read: 1 BMP called .png, the first d.png; ${rest}`,
    );
  });
});

describe('images of different sizes', () => {
  test('are resized to one, with a triangular filter that is as wide as pixels are', async () => {
    await writeFiles(folder, {
      'a.png': png([4, 4], (x, y) => [40 * x, 40 * y, 7]),
      'b.png': png([2, 2], (x) => [x * 100, 0, 0]),
    });
    await list('file,label\na,0\nb,1\n');
    const two = await load({ size: 2 });
    // Weights of 3/7, 3/7 and 1/7 on the three nearest rows or columns: 50/1.75, and as much below 120.
    expect([...two.images.subarray(0, 12)]).toEqual([29, 91, 29, 91, 29, 29, 91, 91, 7, 7, 7, 7]);
    const four = await load({ size: 4 });
    // Pixel centres at 1/4, 3/4, 5/4 and 7/4 of the two columns, whose own are at 1/2 and 3/2.
    expect([...four.images.subarray(48, 52)]).toEqual([0, 25, 75, 100]);
    expect(await refusal()).toBe('FOLDER/b.png is 2×2, but the images before it are 4×4');
  });

  test('are not resized in other data sets, where only CSV files have columns', async () => {
    await writeFiles(folder, { 'set/a/1.png': png([4, 2], () => [1]) });
    const options = { dataDir: folder, size: 3 };
    expect((await loadDataset(join(folder, 'set'), 'test', options)).shape).toEqual([3, 3, 3]);
    const columns = { image: 'file', label: 'label' };
    expect(
      await rejectionOf(loadDataset(join(folder, 'set'), 'test', { dataDir: folder, columns })),
    ).toMatchObject({
      field: 'columns',
      message: `columns are for CSV files, which ${join(folder, 'set')} is not`,
    });
  });
});
