import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { UnpairError } from '@unpair/errors';
import { explainSystemError, readWhole, systemCode } from '@unpair/files';

/** A file whose content is known in advance. */
export interface PinnedFile {
  readonly name: string;
  readonly bytes: number;
  readonly algorithm: 'md5' | 'sha256' | 'sha512';
  /** Lower-case hex. */
  readonly digest: string;
}

/**
 * Checks a pinned file in `directory` without holding it in memory.
 * @throws {UnpairError} DATA_LOSS naming the file and what differs.
 */
export async function verifyFile(directory: string, pinned: PinnedFile): Promise<void> {
  const path = join(directory, pinned.name);
  const hash = createHash(pinned.algorithm);
  try {
    const { size } = await stat(path);
    if (size !== pinned.bytes) throw damaged(path, `it has ${size} bytes instead of ${pinned.bytes}`);
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw explainSystemError(error, path);
  }
  assertDigest(path, pinned, hash.digest('hex'));
}

/** Reads a pinned file and checks it. @throws {UnpairError} DATA_LOSS naming the file and what differs. */
export async function readVerified(directory: string, pinned: PinnedFile): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(directory, pinned.name);
  const bytes = await readWhole(path);
  if (bytes.length !== pinned.bytes) {
    throw damaged(path, `it has ${bytes.length} bytes instead of ${pinned.bytes}`);
  }
  assertDigest(path, pinned, createHash(pinned.algorithm).update(bytes).digest('hex'));
  return bytes;
}

/**
 * Moves a finished folder to its place. When another process finished first, its folder stays and ours goes.
 */
export async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw explainSystemError(error, to);
    await rm(from, { recursive: true, force: true });
  }
}

function assertDigest(path: string, pinned: PinnedFile, actual: string): void {
  if (actual === pinned.digest) return;
  throw damaged(path, `its ${pinned.algorithm} is ${actual} instead of ${pinned.digest}`);
}

function damaged(path: string, how: string): UnpairError {
  return new UnpairError('DATA_LOSS', `${path} is damaged: ${how}`);
}
