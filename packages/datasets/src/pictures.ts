import { PNG } from 'pngjs';

import { UnpairError } from '@unpair/errors';
import { readWhole } from '@unpair/files';
import { formatOfBytes, formatOfFile } from './image-format.js';
import { resizeRgba } from './resize.js';
import type { SampleSet } from './sample-set.js';
import type { Finding } from './unread.js';
import { unreadFiles } from './unread.js';

/** Bytes before the first chunk of a PNG file; of a chunk's length, type and checksum; and the type of the last one. */
const [SIGNATURE, CHUNK_FRAME, IEND] = [8, 12, 0x49454e44];

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
 * @param finding where the files were found, for the sentence about those that are no PNG
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
    if (isForeign(formatOfBytes(bytes))) throw await unreadFiles(await foreignAmong(files), finding);
    const decoded = decodePng(path, bytes);
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

/** Of a format that is known and not read. */
const isForeign = (format: string | undefined): boolean => format !== undefined && format !== 'PNG';

async function foreignAmong(files: readonly LabelledFile[]): Promise<readonly string[]> {
  const foreign: string[] = [];
  for (const { path } of files) if (isForeign(await formatOfFile(path))) foreign.push(path);
  return foreign;
}

function resized(picture: Picture, size: number): Picture {
  const { width, height, rgba } = picture;
  if (width === size && height === size) return picture;
  return { ...picture, width: size, height: size, rgba: resizeRgba(rgba, { width, height }, size) };
}

function decodePng(path: string, bytes: Uint8Array): Picture {
  try {
    const png = PNG.sync.read(Buffer.from(upToEnd(bytes)));
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

/** A PNG file up to the end of its IEND chunk: what lies behind is no part of the image, as other readers have it. */
function upToEnd(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let chunk = SIGNATURE; chunk + CHUNK_FRAME <= bytes.length;) {
    const next = chunk + CHUNK_FRAME + view.getUint32(chunk);
    if (view.getUint32(chunk + 4) === IEND) return bytes.subarray(0, next);
    chunk = next;
  }
  return bytes;
}

function writePlanes({ rgba, width, height }: Picture, channels: number, out: Uint8Array): void {
  const pixels = width * height;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++)
      out[channel * pixels + pixel] = rgba[pixel * 4 + channel] ?? 0;
  }
}
