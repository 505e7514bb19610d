import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { UnpairError } from '@unpair/errors';
import { readWhole } from '@unpair/files';
import type { SampleSet, Split } from './sample-set.js';

/** An unsigned-byte array in the idx format of the MNIST files. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** How the MNIST family names its two splits. */
export const IDX_PREFIX: Readonly<Record<Split, string>> = { train: 'train', test: 't10k' };

const UNSIGNED_BYTE = 0x08;

/**
 * Decodes one idx array, gzipped or not.
 * @throws {UnpairError} DATA_LOSS when it is truncated, INVALID_ARGUMENT when it is something else.
 */
export function decodeIdx(path: string, file: Uint8Array): IdxArray {
  const bytes = file[0] === 0x1f && file[1] === 0x8b ? gunzipOf(path, file) : file;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0 || bytes[2] !== UNSIGNED_BYTE) {
    throw new UnpairError('INVALID_ARGUMENT', `${path} is not an idx file of unsigned bytes`);
  }
  const rank = bytes[3] ?? 0;
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw truncated(path, start, bytes.length);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = start + shape.reduce((product, dim) => product * dim, 1);
  if (bytes.length !== expected) throw truncated(path, expected, bytes.length);
  return { shape, data: bytes.subarray(start) };
}

/**
 * Joins an images array [N, H, W] or [N, C, H, W] with its labels [N].
 * @throws {UnpairError} INVALID_ARGUMENT when they do not belong together.
 */
export function idxSampleSet(
  name: string,
  images: IdxArray,
  labels: IdxArray,
  classNames: readonly string[] | null,
): SampleSet {
  const [count = 0, ...dims] = images.shape;
  const [channels, height, width] = dims.length === 2 ? [1, ...dims] : dims;
  if (dims.length > 3 || channels === undefined || height === undefined || width === undefined) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `images of ${name} have shape [${images.shape.join(', ')}] instead of [N, H, W] or [N, C, H, W]`,
    );
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `labels of ${name} have shape [${labels.shape.join(', ')}] for ${count} images`,
    );
  }
  return {
    name,
    classes: classNames?.length ?? labels.data.reduce((most, label) => Math.max(most, label + 1), 0),
    classNames,
    shape: [channels, height, width],
    count,
    images: images.data,
    labels: Int32Array.from(labels.data),
  };
}

/** Loads a folder of idx files named as MNIST names them: `train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte.gz`, … */
export async function loadIdxFolder(folder: string, split: Split): Promise<SampleSet> {
  const set = await loadIdxImages(await existing(join(folder, `${IDX_PREFIX[split]}-images-idx3-ubyte`)));
  return { ...set, split };
}

/** Loads an idx images file and the labels file beside it (`images-idx3` → `labels-idx1` in its name). */
export async function loadIdxImages(path: string): Promise<SampleSet> {
  const file = basename(path);
  const labelsFile = file.replace(/images-idx\d/, 'labels-idx1').replace(/\.gz$/, '');
  if (!file.includes('images-idx')) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `${path} is not named …images-idx3-ubyte, so its labels cannot be found`,
    );
  }
  const labelsPath = await existing(join(dirname(path), labelsFile));
  const [images, labels] = await Promise.all(
    [path, labelsPath].map(async (source) => decodeIdx(source, await readWhole(source))),
  );
  if (!images || !labels) throw new UnpairError('NOT_FOUND', `${path} has no labels`);
  return idxSampleSet(path, images, labels, null);
}

/** Whether `folder` holds idx files of that split. */
export async function holdsIdx(folder: string, split: Split): Promise<boolean> {
  return isFile(await existing(join(folder, `${IDX_PREFIX[split]}-images-idx3-ubyte`)));
}

async function existing(path: string): Promise<string> {
  return (await isFile(path)) ? path : `${path}.gz`;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function gunzipOf(path: string, file: Uint8Array): Uint8Array {
  try {
    return gunzipSync(file);
  } catch (error) {
    throw new UnpairError('DATA_LOSS', `${path} is not a complete gzip file`, { cause: error });
  }
}

function truncated(path: string, expected: number, actual: number): UnpairError {
  return new UnpairError('DATA_LOSS', `${path} is damaged: it holds ${actual} bytes instead of ${expected}`);
}
