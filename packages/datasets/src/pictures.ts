import { UnpairError } from '@unpair/errors';
import { readWhole } from '@unpair/files';
import type { Picture } from './decode-picture.js';
import { decode } from './decode-picture.js';
import { formatOfBytes, formatOfFile, formatOfName, isRead } from './image-format.js';
import { resizeRgba } from './resize.js';
import type { SampleSet } from './sample-set.js';
import type { Finding } from './unread.js';
import { unreadFiles } from './unread.js';

/** An image file and what it shows. */
export interface LabelledFile {
  readonly path: string;
  readonly label: number;
}

/**
 * Reads image files into [N,C,H,W]: grey ones into one channel, if all are grey.
 * @param finding where the files were found, for the sentence about those that are not read
 * @param size side to which every image is resized; without one, all must be of one size
 * @throws {UnpairError} one sentence naming the file that cannot be read or differs in size, or counting those of
 * other formats.
 */
export async function readPictures(
  files: readonly LabelledFile[],
  finding: Finding,
  size?: number,
): Promise<Pick<SampleSet, 'shape' | 'count' | 'images' | 'labels'>> {
  const pictures = await readAll(files, finding, size);
  const { width, height } = pictures[0] ?? { width: 0, height: 0 };
  const channels = pictures.every((picture) => picture.grey) ? 1 : 3;
  const images = new Uint8Array(files.length * channels * height * width);
  pictures.forEach((picture, index) => {
    writePlanes(picture, channels, images.subarray(index * channels * height * width));
  });
  const labels = Int32Array.from(files, ({ label }) => label);
  return { shape: [channels, height, width], count: files.length, images, labels };
}

async function readAll(
  files: readonly LabelledFile[],
  finding: Finding,
  size?: number,
): Promise<readonly Picture[]> {
  const pictures: Picture[] = [];
  for (const { path } of files) {
    const bytes = await readWhole(path);
    const format = formatOfBytes(bytes) ?? formatOfName(path);
    if (!isRead(format)) throw await unreadFiles(await foreignAmong(files), finding);
    const decoded = await decode(path, bytes, format);
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

async function foreignAmong(files: readonly LabelledFile[]): Promise<readonly string[]> {
  const foreign: string[] = [];
  for (const { path } of files)
    if (!isRead((await formatOfFile(path)) ?? formatOfName(path))) foreign.push(path);
  return foreign;
}

function resized(picture: Picture, size: number): Picture {
  const { width, height, rgba } = picture;
  if (width === size && height === size) return picture;
  return { ...picture, width: size, height: size, rgba: resizeRgba(rgba, { width, height }, size) };
}

function writePlanes({ rgba, width, height }: Picture, channels: number, out: Uint8Array): void {
  const pixels = width * height;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++)
      out[channel * pixels + pixel] = rgba[pixel * 4 + channel] ?? 0;
  }
}
