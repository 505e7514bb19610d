import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { UnpairError } from '@unpair/errors';

const BLOCK = 512;
const inflate = promisify(gunzip);

/**
 * The regular files of a gzipped tar archive, by path. Contents are views of one buffer. Long-name extensions are
 * not understood: npm packages with short paths have none.
 * @throws {UnpairError} DATA_LOSS when the archive is truncated or not one.
 */
export async function readTarball(path: string, bytes: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const archive = await inflate(bytes).catch((error: unknown) => {
    throw new UnpairError('DATA_LOSS', `${path} is not a complete gzip archive`, { cause: error });
  });
  const files = new Map<string, Uint8Array>();
  for (let offset = 0; offset + BLOCK <= archive.length;) {
    const header = archive.subarray(offset, offset + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = parseInt(text(header, 124, 12), 8);
    const start = offset + BLOCK;
    if (!Number.isInteger(size) || start + size > archive.length) {
      throw new UnpairError('DATA_LOSS', `${path} is not a complete tar archive`);
    }
    const isFile = header[156] === 0 || header[156] === 0x30;
    if (isFile) files.set(text(header, 0, 100), archive.subarray(start, start + size));
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function text(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end))
    .toString('latin1')
    .trim();
}
