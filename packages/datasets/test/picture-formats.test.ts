import { createHash } from 'node:crypto';

import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';

import type { SampleSet } from '@unpair/datasets';
import { loadDataset } from '@unpair/datasets';

import { rejectionOf, scratchFolder, writeFiles } from './support.js';

/** A folder of one class with one picture. */
async function load(name: string, bytes: Uint8Array): Promise<SampleSet> {
  const folder = await scratchFolder();
  await writeFiles(folder, { [`a/${name}`]: Buffer.from(bytes) });
  return loadDataset(folder, 'test', { dataDir: '/nonexistent' });
}

/** Of 8×8 pixels (30x, 30y, 15(x + y)), written by Pillow 13.0; the digest is that of the planes that Pillow reads. */
const FILES: readonly (readonly [what: string, extension: string, digest: string, base64: string])[] = [
  [
    'JPEG, whole colours',
    'jpg',
    '117a3f496d25f4fb1ae48b510a82602b0fae6acd7737b2eb4692a1a6baae887c',
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAIAAgDAREAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDgvg9+yf8A6j/Q/T+GjCYvbUOAOP8A4PfP/9k=',
  ],
  [
    'JPEG, halved colours',
    'jpeg',
    '078a4a3870fa5208d03694e7b24f1f83eedaf5edd0eabd8e9346279235032750',
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wAARCAAIAAgDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDA8HfDn7n7n9KKKKdGrLlNOH89xn1OPvH/2Q==',
  ],
  [
    'GIF',
    'gif',
    '36efde2fb956787ee1f8907d3fbbed5449a7896300d9beae92fe2e601c1b8c49',
    'R0lGODdhCAAIAIUAANLS0rTSw9K0w7S0tJbStJa0pdKWtLSWpZaWlnjSpVrSlni0llq0h3iWh1qWeDzShx7SeDy0eB60aQDSaQC0WjyWaR6WWgCWS9J4pbR4ltJalrRah5Z4h5ZaeHh4eFp4aXhaaVpaWjx4Wh54SzxaSx5aPAB4PABaLdI8h7Q8eNIeeLQeaZY8aZYeWtIAabQAWpYAS3g8Wlo8S3geS1oePHgAPFoALTw8PB48LTweLR4eHgA8HgAeDzwAHh4ADwAAACwAAAAACAAIAAAISwB/+OhhowaMFy546MhBY0aLFSp24LghIwaLFChOlCARAkSHDRpMjBDxwQOHDBguWKjgoAGCAwYoSIjAYEGBAQImQHigIAGBAAACAgA7',
  ],
  [
    'WebP',
    'webp',
    '36efde2fb956787ee1f8907d3fbbed5449a7896300d9beae92fe2e601c1b8c49',
    'UklGRiwAAABXRUJQVlA4TCAAAAAvB8ABALmM6H/sClGIgvc/ICQgLPF/qObAeERMANjeAA==',
  ],
];

describe('what Pillow wrote is read as Pillow reads it, to the bit', () => {
  test.each(FILES)('%s', async (_, extension, digest, base64) => {
    const set = await load(`1.${extension}`, Buffer.from(base64, 'base64'));
    expect(set.shape).toEqual([3, 8, 8]);
    expect(createHash('sha256').update(set.images).digest('hex')).toBe(digest);
  });
});

/** Two rows of three pixels, or of grey values. */
function picture(channels: 1 | 3): Sharp {
  const data = Uint8Array.from({ length: 6 * channels }, (_, at) => 40 * Math.floor(at / channels));
  return sharp(data, { raw: { width: 3, height: 2, channels } });
}

/** Grey values of a set of one image, row by row. */
const rowsOf = ({ shape: [, height, width], images }: SampleSet): readonly (readonly number[])[] =>
  Array.from({ length: height }, (_, y) => [...images.subarray(y * width, (y + 1) * width)]);

test.each([
  ['tiff', (image: Sharp) => image.tiff({ compression: 'lzw' })],
  ['webp', (image: Sharp) => image.webp({ lossless: true })],
  ['avif', (image: Sharp) => image.avif({ lossless: true, chromaSubsampling: '4:4:4' })],
  ['gif', (image: Sharp) => image.gif()],
])('a .%s file without losses has the pixels that it was made of', async (extension, write) => {
  const set = await load(`1.${extension}`, await write(picture(3)).toBuffer());
  expect(rowsOf(set)).toEqual([
    [0, 40, 80],
    [120, 160, 200],
  ]);
});

test('a picture is turned as it is to be seen', async () => {
  const turned = await picture(3).withMetadata({ orientation: 6 }).tiff({ compression: 'lzw' }).toBuffer();
  expect(rowsOf(await load('1.tif', turned))).toEqual([
    [120, 0],
    [160, 40],
    [200, 80],
  ]);
});

test('grey ones are of one channel, 16 bits become 8, and CMYK becomes RGB', async () => {
  const grey = await load('1.jpg', await picture(1).toColourspace('b-w').jpeg({ quality: 100 }).toBuffer());
  expect(grey.shape).toEqual([1, 2, 3]);
  const deep = await load(
    '1.tiff',
    await picture(1).toColourspace('grey16').tiff({ compression: 'lzw' }).toBuffer(),
  );
  expect([deep.shape, rowsOf(deep)[0]]).toEqual([
    [1, 2, 3],
    [0, 40, 80],
  ]);
  const print = await load('1.jpg', await picture(3).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer());
  expect(print.shape).toEqual([3, 2, 3]);
});

test('a file is what it holds, whatever it is called', async () => {
  expect(rowsOf(await load('1.jpg', await picture(3).png().toBuffer()))[0]).toEqual([0, 40, 80]);
});

test.each(['jpeg', 'gif', 'webp', 'tiff', 'avif'] as const)(
  'a .%s file that is cut is not complete',
  async (extension) => {
    const image = sharp(Buffer.alloc(3 * 64 * 64, 'noise'), { raw: { width: 64, height: 64, channels: 3 } });
    const bytes = await image.toFormat(extension).toBuffer();
    for (const share of [0.1, 0.5, 0.9]) {
      const cut = load(`1.${extension}`, bytes.subarray(0, Math.floor(share * bytes.length)));
      expect((await rejectionOf(cut)).message).toMatch(/ is not a complete \w+ file$/);
    }
  },
);

test('what is transparent in places is refused', async () => {
  const data = Uint8Array.of(1, 2, 3, 128);
  const bytes = await sharp(data, { raw: { width: 1, height: 1, channels: 4 } })
    .webp({ lossless: true })
    .toBuffer();
  expect((await rejectionOf(load('1.webp', bytes))).message).toMatch(/ is transparent in places$/);
});
