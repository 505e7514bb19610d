import { UnpairError } from '@unpair/errors';
import { readWhole } from '@unpair/files';
import type { NpyArray } from './npy.js';
import { decodeNpy, encodeNpy } from './npy.js';
import type { SampleSet, Split } from './sample-set.js';
import { readZip, writeZip } from './zip.js';

/** Most bytes that a sample set may unpack to unless a caller says otherwise: 2 GiB. */
const MAX_UNPACKED_BYTES = 2 ** 31;

export interface DecodeOptions {
  /** Name for error messages and for the set. */
  readonly name?: string;
  readonly maxBytes?: number;
  /** Arrays `x_SPLIT` and `y_SPLIT` are taken where there are no `x` and `y`. */
  readonly split?: Split;
}

/**
 * A sample set as the artefact that travels to workers: an npz with `x` [N, C, H, W] uint8 or float32, `y` [N] int64
 * and `classes`, a scalar. The same samples always give the same bytes.
 */
export function encodeSampleSet({
  images,
  labels,
  shape,
  count,
  classes,
}: SampleSet): Uint8Array<ArrayBuffer> {
  const x = { shape: [count, ...shape], data: images } as NpyArray;
  const y: NpyArray = { shape: [count], data: BigInt64Array.from(Array.from(labels), BigInt) };
  const total: NpyArray = { shape: [], data: BigInt64Array.of(BigInt(classes)) };
  return writeZip(
    new Map([
      ['x.npy', encodeNpy(x)],
      ['y.npy', encodeNpy(y)],
      ['classes.npy', encodeNpy(total)],
    ]),
  );
}

/**
 * Reads an npz with images and labels. Images may be [N, C, H, W], [N, H, W, C] with 1 or 3 channels (moved to the
 * front) or [N, H, W]; pixels uint8, or floats in [0, 1].
 * @throws {UnpairError} one sentence naming what does not fit.
 */
export function decodeSampleSet(
  archive: Uint8Array,
  { name = 'the sample set', maxBytes = MAX_UNPACKED_BYTES, split = 'test' }: DecodeOptions = {},
): SampleSet {
  const entries = readZip(name, archive, maxBytes);
  const find = (key: string): NpyArray | undefined => {
    const file = entries.get(`${key}.npy`);
    return file && decodeNpy(`${key} of ${name}`, file);
  };
  const isDivided = !entries.has('x.npy') && !entries.has('y.npy');
  const [x, y] = isDivided ? [find(`x_${split}`), find(`y_${split}`)] : [find('x'), find('y')];
  if (!x || !y || (!isDivided && [...entries.keys()].some((entry) => DIVIDED.test(entry)))) {
    const held = [...entries.keys()].map((entry) => entry.replace(/\.npy$/, '')).join(', ');
    const either = `either arrays x and y or x_${split} and y_${split}`;
    throw invalid(`${name} must hold ${either}, got ${held || 'nothing'}`);
  }
  const { shape, images } = imagesOf(name, x);
  const labels = labelsOf(name, y, x.shape[0] ?? 0);
  return {
    name,
    ...(isDivided && { split }),
    classes: classesOf(name, find('classes'), labels),
    classNames: null,
    shape,
    count: labels.length,
    images,
    labels,
  };
}

/** Loads a sample set from an npz file. */
export async function loadNpz(path: string, split: Split): Promise<SampleSet> {
  return decodeSampleSet(await readWhole(path), { name: path, split });
}

/** Arrays of a set that is divided. */
const DIVIDED = /^[xy]_(train|test)\.npy$/;

function imagesOf(name: string, { shape, data }: NpyArray): Pick<SampleSet, 'shape' | 'images'> {
  if (data instanceof BigInt64Array)
    throw invalid(`x of ${name} holds integers that are neither uint8 nor floats in [0, 1]`);
  if (data instanceof Float32Array && !data.every((value) => value >= 0 && value <= 1)) {
    throw invalid(`x of ${name} holds floats outside [0, 1]`);
  }
  const [count = 0, a, b, c] = shape;
  if (a === undefined || b === undefined || shape.length > 4) {
    throw invalid(`x of ${name} has shape [${shape.join(', ')}] instead of [N, C, H, W]`);
  }
  if (c === undefined) return { shape: [1, a, b], images: data };
  const channelsLast = isChannels(c) && !isChannels(a);
  return channelsLast
    ? { shape: [c, a, b], images: channelsToFront(data, count, a * b, c) }
    : { shape: [a, b, c], images: data };
}

const LARGEST_LABEL = 2 ** 31 - 2;

const isChannels = (dim: number): boolean => dim === 1 || dim === 3;

/** [N, P, C] to [N, C, P]. */
function channelsToFront<T extends Uint8Array | Float32Array>(
  data: T,
  count: number,
  pixels: number,
  channels: number,
): T {
  const out = data.slice() as T;
  for (let image = 0; image < count; image++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < channels; channel++) {
        out[(image * channels + channel) * pixels + pixel] =
          data[(image * pixels + pixel) * channels + channel] ?? 0;
      }
    }
  }
  return out;
}

function labelsOf(name: string, { shape, data }: NpyArray, count: number): Int32Array {
  const flat = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (!flat || shape[0] !== count) {
    throw invalid(`y of ${name} has shape [${shape.join(', ')}] for ${count} images instead of [${count}]`);
  }
  if (data instanceof Float32Array) throw invalid(`y of ${name} holds floats instead of integer labels`);
  const outside = Array.from(data, Number).find((label) => label < 0 || label > LARGEST_LABEL);
  if (outside !== undefined) {
    throw invalid(`y of ${name} holds label ${outside}; labels are from 0 to ${LARGEST_LABEL}`);
  }
  return Int32Array.from(data, Number);
}

function classesOf(name: string, declared: NpyArray | undefined, labels: Int32Array): number {
  const needed = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  if (declared !== undefined && declared.data.length !== 1) {
    throw invalid(
      `classes of ${name} has shape [${declared.shape.join(', ')}] instead of [], the number of classes`,
    );
  }
  const classes = declared ? Number(declared.data[0]) : needed;
  if (classes < needed)
    throw invalid(`y of ${name} holds label ${needed - 1}, but only ${classes} classes are declared`);
  return classes;
}

function invalid(message: string): UnpairError {
  return new UnpairError('INVALID_ARGUMENT', message);
}
