import { open, stat } from 'node:fs/promises';
import { extname } from 'node:path';

import { explainSystemError } from '@unpair/files';

interface ImageFormat {
  readonly name: string;
  readonly extensions: readonly string[];
  /** What its files have at a place near their beginning; null where that does not tell it from others. */
  readonly signature: readonly [offset: number, latin1: string] | null;
}

/** Formats in which people keep images. */
const FORMATS: readonly ImageFormat[] = [
  { name: 'PNG', extensions: ['.png'], signature: [0, '\x89PNG\r\n\x1a\n'] },
  { name: 'JPEG', extensions: ['.jpg', '.jpeg', '.jpe', '.jfif'], signature: [0, '\xff\xd8\xff'] },
  { name: 'GIF', extensions: ['.gif'], signature: [0, 'GIF8'] },
  { name: 'WebP', extensions: ['.webp'], signature: [8, 'WEBP'] },
  { name: 'BMP', extensions: ['.bmp'], signature: [0, 'BM'] },
  { name: 'TIFF', extensions: ['.tif', '.tiff'], signature: [0, 'II*\0'] },
  { name: 'TIFF', extensions: [], signature: [0, 'MM\0*'] },
  { name: 'AVIF', extensions: ['.avif'], signature: [4, 'ftypavif'] },
  { name: 'HEIC', extensions: ['.heic', '.heif'], signature: [4, 'ftyphei'] },
  { name: 'JPEG XL', extensions: ['.jxl'], signature: null },
  { name: 'JPEG 2000', extensions: ['.jp2', '.j2k'], signature: null },
  { name: 'PNM', extensions: ['.ppm', '.pgm', '.pbm', '.pnm'], signature: null },
];

/** Those that are read. */
const READ: readonly string[] = ['PNG', 'JPEG', 'WebP', 'GIF', 'TIFF', 'AVIF'];

/** The formats that are read, as a sentence has them. */
export const READ_FORMATS = `${READ.slice(0, -1).join(', ')} and ${READ.at(-1) ?? ''}`;

/** Whether images of a format are read. */
export function isRead(format: string | undefined): boolean {
  return format !== undefined && READ.includes(format);
}

/** Bytes from the beginning of a file that hold every signature. */
const SIGNATURE_BYTES = 16;

/** The image format that a file's contents show; undefined for what is no image, or none that is known. */
export function formatOfBytes(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, SIGNATURE_BYTES)).toString('latin1');
  return FORMATS.find(({ signature }) => signature !== null && start.startsWith(signature[1], signature[0]))
    ?.name;
}

/** As {@link formatOfBytes}, of a file. @throws {UnpairError} one sentence when it is missing or not readable. */
export async function formatOfFile(path: string): Promise<string | undefined> {
  try {
    // Opening what is no regular file might wait for ever.
    if (!(await stat(path)).isFile()) return undefined;
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(new Uint8Array(SIGNATURE_BYTES), 0, SIGNATURE_BYTES, 0);
    return formatOfBytes(buffer.subarray(0, bytesRead));
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

/** The image format that a file's name promises; undefined where it promises none. */
export function formatOfName(path: string): string | undefined {
  const extension = extname(path).toLowerCase();
  return FORMATS.find(({ extensions }) => extensions.includes(extension))?.name;
}
