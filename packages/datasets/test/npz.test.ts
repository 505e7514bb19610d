import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

import { UnpairError } from '@unpair/errors';
import { decodeSampleSet, encodeSampleSet, loadDataset } from '@unpair/datasets';
import type { SampleSet } from '@unpair/datasets';

import { encodeNpy } from '../src/npy.js';
import { readZip, writeZip } from '../src/zip.js';
import { errorOf } from './support.js';

const tiny: SampleSet = {
  name: 'tiny',
  classes: 4,
  classNames: null,
  shape: [1, 2, 2],
  count: 2,
  images: Uint8Array.of(0, 1, 2, 3, 252, 253, 254, 255),
  labels: Int32Array.of(3, 0),
};

describe('a sample set as an artefact', () => {
  test('survives the round trip, whatever its pixels are', () => {
    const pixels = (size: number): fc.Arbitrary<Uint8Array | Float32Array> =>
      fc.oneof(
        fc.uint8Array({ minLength: size, maxLength: size }),
        fc.float32Array({ min: 0, max: 1, noNaN: true, minLength: size, maxLength: size }),
      );
    const dims = fc.tuple(
      fc.constantFrom(1, 3),
      fc.integer({ min: 4, max: 6 }),
      fc.integer({ min: 4, max: 6 }),
    );
    const sets = fc.tuple(fc.integer({ min: 0, max: 5 }), dims).chain(([count, shape]) =>
      fc.record({
        name: fc.constant('any'),
        classes: fc.constant(10),
        classNames: fc.constant(null),
        shape: fc.constant(shape),
        count: fc.constant(count),
        images: pixels(count * shape[0] * shape[1] * shape[2]),
        labels: fc.int32Array({ min: 0, max: 9, minLength: count, maxLength: count }),
      }),
    );
    fc.assert(
      fc.property(sets, (set) => {
        expect(decodeSampleSet(encodeSampleSet(set), { name: 'any' })).toEqual(set);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test('has bytes that depend on the samples alone', () => {
    expect(
      Buffer.from(encodeSampleSet(tiny)).equals(Buffer.from(encodeSampleSet({ ...tiny, name: 'other' }))),
    ).toBe(true);
  });

  test('is refused with one sentence at every truncation and never with another error', () => {
    const whole = encodeSampleSet(tiny);
    for (let length = 0; length < whole.length; length++) {
      expect(errorOf(() => decodeSampleSet(whole.subarray(0, length)))).toBeInstanceOf(UnpairError);
    }
  });

  test('is refused when any byte of an array changed', () => {
    const whole = encodeSampleSet(tiny);
    const pixels = Buffer.from(whole).indexOf(Buffer.from(tiny.images));
    const changed = Uint8Array.from(whole);
    changed[pixels] = 77;
    expect(errorOf(() => decodeSampleSet(changed)).message).toBe(
      'the sample set is not a complete zip archive',
    );
  });
});

describe('an npz of another program', () => {
  const archive = (arrays: Parameters<typeof npz>[0]): Uint8Array => npz(arrays);

  test('may be deflated and hold its images channels last', () => {
    const images = Uint8Array.from({ length: 24 }, (_, index) => index);
    const bytes = archive({
      x_test: { shape: [1, 4, 2, 3], data: images },
      y_test: { shape: [1], data: BigInt64Array.of(2n) },
    });
    const set = decodeSampleSet(deflated(bytes), { name: 'keras', split: 'test' });
    expect(set.split).toBe('test');
    expect(set.shape).toEqual([3, 4, 2]);
    expect([...set.images.slice(0, 8)]).toEqual([0, 3, 6, 9, 12, 15, 18, 21]);
    expect(set.classes).toBe(3);
  });

  const images = { shape: [1, 1, 2, 2], data: new Uint8Array(4) };
  const labels = { shape: [1], data: BigInt64Array.of(0n) };
  test.each([
    ['no labels', { x: images }, 'npz must hold either arrays x and y or x_test and y_test, got x'],
    [
      'another split alone',
      { x_train: images, y_train: labels },
      'npz must hold either arrays x and y or x_test and y_test, got x_train, y_train',
    ],
    [
      'images of one kind and labels of the other',
      { x: images, y_test: labels },
      'npz must hold either arrays x and y or x_test and y_test, got x, y_test',
    ],
    [
      'samples that would not be read',
      { x: images, y: labels, x_train: images, y_train: labels },
      'npz must hold either arrays x and y or x_test and y_test, got x, y, x_train, y_train',
    ],
    ['nothing', {}, 'npz must hold either arrays x and y or x_test and y_test, got nothing'],
    [
      'a list of classes in place of their number',
      { x: images, y: labels, classes: { shape: [2], data: BigInt64Array.of(5n, 7n) } },
      'classes of npz has shape [2] instead of [], the number of classes',
    ],
    [
      'integers that are not uint8',
      { x: { shape: [1, 1, 1, 1], data: BigInt64Array.of(255n) }, y: labels },
      'x of npz holds integers that are neither uint8 nor floats in [0, 1]',
    ],
    [
      'one-hot labels',
      { x: images, y: { shape: [1, 10], data: BigInt64Array.from(Array<bigint>(10).fill(0n)) } },
      'y of npz has shape [1, 10] for 1 images instead of [1]',
    ],
    [
      'floats out of range',
      { x: { shape: [1, 1, 1, 1], data: Float32Array.of(1.5) }, y: labels },
      'x of npz holds floats outside [0, 1]',
    ],
    [
      'not a number',
      { x: { shape: [1, 1, 1, 1], data: Float32Array.of(NaN) }, y: labels },
      'x of npz holds floats outside [0, 1]',
    ],
    [
      'flat images',
      { x: { shape: [1, 4], data: new Uint8Array(4) }, y: labels },
      'x of npz has shape [1, 4] instead of [N, C, H, W]',
    ],
    [
      'too few labels',
      { x: images, y: { shape: [2], data: BigInt64Array.of(0n, 0n) } },
      'y of npz has shape [2] for 1 images instead of [1]',
    ],
    [
      'float labels',
      { x: images, y: { shape: [1], data: Float32Array.of(0) } },
      'y of npz holds floats instead of integer labels',
    ],
    [
      'negative labels',
      { x: images, y: { shape: [1], data: BigInt64Array.of(-1n) } },
      'y of npz holds label -1; labels are from 0 to 2147483646',
    ],
    [
      'labels of more than 32 bits',
      { x: images, y: { shape: [1], data: BigInt64Array.of(2n ** 32n) } },
      'y of npz holds label 4294967296; labels are from 0 to 2147483646',
    ],
    [
      'labels beyond the classes',
      {
        x: images,
        y: { shape: [1], data: BigInt64Array.of(7n) },
        classes: { shape: [], data: BigInt64Array.of(3n) },
      },
      'y of npz holds label 7, but only 3 classes are declared',
    ],
  ])('is refused for %s', (_, arrays, sentence) => {
    expect(
      errorOf(() => decodeSampleSet(npz(arrays as Parameters<typeof npz>[0]), { name: 'npz' })).message,
    ).toBe(sentence);
  });

  test('that declares a huge shape is refused before anything is allocated', () => {
    const file = Buffer.from(encodeNpy(images))
      .toString('latin1')
      .replace('(1, 1, 2, 2), }          ', '(1, 1, 20000000000, 2), }');
    const huge = writeZip(
      new Map([
        ['x.npy', Buffer.from(file, 'latin1')],
        ['y.npy', encodeNpy(labels)],
      ]),
    );
    expect(errorOf(() => decodeSampleSet(huge, { name: 'npz' })).message).toMatch(
      /^x of npz declares shape .* but holds 4$/,
    );
  });

  test('that would unpack to more than is allowed is refused', () => {
    const bytes = archive({ x: { shape: [1, 1, 100, 100], data: new Uint8Array(10_000) }, y: labels });
    expect(errorOf(() => decodeSampleSet(bytes, { name: 'npz', maxBytes: 5_000 })).message).toMatch(
      /^npz unpacks to \d+ bytes, more than the 5000 allowed$/,
    );
  });

  test('whose directory claims more than deflate can pack is refused', () => {
    const bytes = Buffer.from(writeZip(new Map([['x.npy', new Uint8Array(10)]])));
    const central = bytes.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'));
    bytes.writeUInt32LE(1_000_000_000, central + 24);
    expect(errorOf(() => readZip('bomb', bytes, 2 ** 31)).message).toBe('bomb is not a complete zip archive');
  });
});

describe('a file named .npz', () => {
  const cut = encodeSampleSet(tiny).subarray(0, 200);
  const none = encodeSampleSet({ ...tiny, count: 0, images: new Uint8Array(), labels: new Int32Array() });
  test.each([
    ['empty', new Uint8Array(), 'is no .npz file, which is a zip archive of arrays'],
    ['text', Buffer.from('file,label\n'), 'is no .npz file, which is a zip archive of arrays'],
    ['cut short', cut, 'is not a complete zip archive'],
    ['without images', none, 'holds no images'],
  ])('that is %s is bad input', async (_, bytes, sentence) => {
    const folder = await mkdtemp(join(tmpdir(), 'unpair-npz-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'data.npz');
    await writeFile(path, bytes);
    await expect(loadDataset(path, 'test', { dataDir: folder })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `${path} ${sentence}`,
    });
  });
});

function npz(arrays: Readonly<Record<string, Parameters<typeof encodeNpy>[0]>>): Uint8Array {
  return writeZip(new Map(Object.entries(arrays).map(([key, array]) => [`${key}.npy`, encodeNpy(array)])));
}

/** The same archive with its entries deflated, as numpy's `savez_compressed` writes them. */
function deflated(archive: Uint8Array): Uint8Array {
  const entries = [...readZip('archive', archive, 2 ** 20)].map(
    ([name, bytes]) => [name, deflateRawSync(bytes), bytes] as const,
  );
  const packed = Buffer.from(writeZip(new Map(entries.map(([name, small]) => [name, small]))));
  const original = Buffer.from(writeZip(new Map(entries.map(([name, , bytes]) => [name, bytes]))));
  let from = 0;
  let to = 0;
  entries.forEach(() => {
    from = original.indexOf('PK\x01\x02', from + 1, 'latin1');
    to = packed.indexOf('PK\x01\x02', to + 1, 'latin1');
    packed.writeUInt16LE(8, to + 10);
    original.copy(packed, to + 16, from + 16, from + 20);
    original.copy(packed, to + 24, from + 24, from + 28);
  });
  return packed;
}
