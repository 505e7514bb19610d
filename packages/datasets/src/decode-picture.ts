import { PNG } from 'pngjs';
import type Sharp from 'sharp';

import { UnpairError } from '@unpair/errors';

/** Bytes before the first chunk of a PNG file; of a chunk's length, type and checksum; and the type of the last one. */
const [SIGNATURE, CHUNK_FRAME, IEND] = [8, 12, 0x49454e44];

/** A decoded image. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly grey: boolean;
  /** [H, W, 4]. */
  readonly rgba: Uint8Array;
}

/**
 * Decodes an image file: 8 bits a channel, turned as EXIF says it is to be seen, the first frame of several. Colour
 * profiles are not applied, as Pillow does not; CMYK becomes RGB.
 * @throws {UnpairError} one sentence when it is damaged, or transparent anywhere
 */
export async function decode(path: string, bytes: Uint8Array, format: string | undefined): Promise<Picture> {
  const picture = format === 'PNG' ? decodePng(path, bytes) : await decodeBySharp(path, bytes, format);
  for (let alpha = 3; alpha < picture.rgba.length; alpha += 4) {
    if (picture.rgba[alpha] !== 255)
      throw new UnpairError('INVALID_ARGUMENT', `${path} is transparent in places`);
  }
  return picture;
}

async function decodeBySharp(path: string, bytes: Uint8Array, format: string | undefined): Promise<Picture> {
  const sharp = await loadSharp(path);
  try {
    const image = sharp(bytes, { ignoreIcc: true, failOn: 'warning' }).autoOrient();
    const { space } = await image.metadata();
    const { data, info } = await image
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, grey: GREY.includes(space), rgba: data };
  } catch (error) {
    throw new UnpairError('DATA_LOSS', `${path} is not a complete ${format ?? 'image'} file`, {
      cause: error,
    });
  }
}

/** It is large, and only images need it. */
async function loadSharp(path: string): Promise<typeof Sharp> {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `${path} is no PNG file, and for others the package "sharp" must be installed, which could not be loaded here`,
      { cause: error },
    );
  }
}

/** Colour spaces of libvips without colours. */
const GREY: readonly string[] = ['b-w', 'grey16'];

function decodePng(path: string, bytes: Uint8Array): Picture {
  try {
    const png = PNG.sync.read(Buffer.from(upToEnd(bytes)));
    return { width: png.width, height: png.height, grey: !png.color, rgba: png.data };
  } catch (error) {
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
