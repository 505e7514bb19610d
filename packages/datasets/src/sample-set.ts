/** Which part of a data set: the one to train and calibrate on, or the one to measure on. */
export type Split = 'train' | 'test';

/**
 * Labelled images in their files' standard order. Pixels stay 8-bit where the files are, which is a quarter of
 * the memory; `inputs` turns a run of them into what models take.
 */
export interface SampleSet {
  readonly name: string;
  /** The part of its data set that this is; absent where the source is not divided and stands for either. */
  readonly split?: Split;
  /** Number of classes; labels are below it. */
  readonly classes: number;
  /** Names by label, where the source has them. */
  readonly classNames: readonly string[] | null;
  /** [C, H, W] of one image. */
  readonly shape: readonly [number, number, number];
  readonly count: number;
  /** [N, C, H, W], row-major: 0–255, or floats in [0, 1]. */
  readonly images: Uint8Array | Float32Array;
  /** [N]. */
  readonly labels: Int32Array;
}

/** Number of values in one image. */
function imageSize({ shape }: Pick<SampleSet, 'shape'>): number {
  return shape[0] * shape[1] * shape[2];
}

/**
 * Pixels of `count` consecutive samples as float32 [count, C, H, W] in [0, 1].
 * @throws {RangeError} when the samples are not all in the set.
 */
export function inputs(set: SampleSet, first = 0, count = set.count - first): Float32Array<ArrayBuffer> {
  assertRange(set, first, count);
  const size = imageSize(set);
  return toUnitRange(set.images.subarray(first * size, (first + count) * size));
}

/** The set that holds only `count` consecutive samples; shares memory with `set`. */
export function slice(set: SampleSet, first: number, count: number): SampleSet {
  assertRange(set, first, count);
  const size = imageSize(set);
  return {
    ...set,
    count,
    images: set.images.subarray(first * size, (first + count) * size),
    labels: set.labels.subarray(first, first + count),
  };
}

function toUnitRange(pixels: Uint8Array | Float32Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(pixels.length);
  writeUnitRange(pixels, out);
  return out;
}

function writeUnitRange(pixels: Uint8Array | Float32Array, out: Float32Array): void {
  if (pixels instanceof Float32Array) {
    out.set(pixels);
    return;
  }
  for (let index = 0; index < pixels.length; index++) out[index] = (pixels[index] ?? 0) / 255;
}

function assertRange(set: SampleSet, first: number, count: number): void {
  const whole = Number.isInteger(first) && Number.isInteger(count);
  if (!whole || first < 0 || count < 0 || first + count > set.count) {
    throw new RangeError(
      `samples ${first} to ${first + count} are not all in ${set.name}, which has ${set.count}`,
    );
  }
}
