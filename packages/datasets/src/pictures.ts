import { PNG } from 'pngjs';

import { UnpairError } from '@unpair/errors';
import { readWhole } from '@unpair/files';
import { resizeRgba } from './resize.js';
import type { SampleSet } from './sample-set.js';

/** A decoded image. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly grey: boolean;
  /** [H, W, 4]. */
  readonly rgba: Uint8Array;
}

/** An image file and what it shows. */
export interface LabelledFile {
  readonly path: string;
  readonly label: number;
}

/**
 * Reads PNG files into [N,C,H,W]: grey ones into one channel, if all are grey.
 * @param size side to which every image is resized; without one, all must be of one size
 * @throws {UnpairError} one sentence naming the file that cannot be read or differs in size.
 */
export async function readPictures(
  files: readonly LabelledFile[],
  size?: number,
): Promise<Pick<SampleSet, 'shape' | 'count' | 'images' | 'labels'>> {
  const pictures = await readAll(files, size);
  const { width, height } = pictures[0] ?? { width: 0, height: 0 };
  const channels = pictures.every((picture) => picture.grey) ? 1 : 3;
  const images = new Uint8Array(files.length * channels * height * width);
  pictures.forEach((picture, index) => {
    writePlanes(picture, channels, images.subarray(index * channels * height * width));
  });
  const labels = Int32Array.from(files, ({ label }) => label);
  return { shape: [channels, height, width], count: files.length, images, labels };
}

async function readAll(files: readonly LabelledFile[], size?: number): Promise<readonly Picture[]> {
  const pictures: Picture[] = [];
  for (const { path } of files) {
    const decoded = decodePng(path, await readWhole(path));
    const picture = size === undefined ? decoded : resized(decoded, size);
    const { width, height } = pictures[0] ?? picture;
    if (picture.width !== width || picture.height !== height) {
      throw new UnpairError(
        'INVALID_ARGUMENT',
        `${path} is ${picture.width}×${picture.height}, but the images before it are ${width}×${height}`,
      );
    }
    pictures.push(picture);
  }
  return pictures;
}

function resized(picture: Picture, size: number): Picture {
  const { width, height, rgba } = picture;
  if (width === size && height === size) return picture;
  return { ...picture, width: size, height: size, rgba: resizeRgba(rgba, { width, height }, size) };
}

function decodePng(path: string, bytes: Uint8Array): Picture {
  try {
    const png = PNG.sync.read(Buffer.from(bytes));
    for (let alpha = 3; alpha < png.data.length; alpha += 4) {
      if (png.data[alpha] !== 255)
        throw new UnpairError('INVALID_ARGUMENT', `${path} is transparent in places`);
    }
    return { width: png.width, height: png.height, grey: !png.color, rgba: png.data };
  } catch (error) {
    if (error instanceof UnpairError) throw error;
    throw new UnpairError('DATA_LOSS', `${path} is not a complete PNG file`, { cause: error });
  }
}

function writePlanes({ rgba, width, height }: Picture, channels: number, out: Uint8Array): void {
  const pixels = width * height;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++)
      out[channel * pixels + pixel] = rgba[pixel * 4 + channel] ?? 0;
  }
}
