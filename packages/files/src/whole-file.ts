import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { explainSystemError, systemCode } from './system-error.js';

/** Reads a whole file. @throws {UnpairError} one sentence when it is missing or not readable. */
export async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(path);
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

/** Reads a file that need not be there; undefined without it. */
export async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return readFile(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/**
 * Writes a text, bytes, or a stream of pieces as a file that appears complete or not at all, in folders that are made
 * where they are missing, with the permissions `mode` where it is given. What was there before stays until all is written.
 * @throws the system's error, which speaks of `path` and not of a file that nobody knows (see `explainSystemError`), or
 * that of the stream
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
  { mode }: { readonly mode?: number } = {},
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const isWhole = typeof content === 'string' || content instanceof Uint8Array;
    await pipeline(
      isWhole ? [content] : content,
      createWriteStream(temporary, mode === undefined ? {} : { mode }),
    );
    await rename(temporary, path);
  } catch (error) {
    // What went wrong is told, not that there is nothing to tidy up.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw namingTarget(error, temporary, path);
  }
}

/** The error with the path that the caller gave in place of the temporary one. */
function namingTarget(error: unknown, temporary: string, path: string): unknown {
  if (!(error instanceof Error) || !('path' in error) || error.path !== temporary) return error;
  const named = new Error(error.message.replaceAll(temporary, path), { cause: error });
  return Object.assign(named, { path, ...('code' in error && { code: error.code }) });
}
