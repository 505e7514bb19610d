import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Writes a text, bytes, or a stream of pieces as a file that appears complete or not at all. */
export async function writeWholeFile(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const isWhole = typeof content === 'string' || content instanceof Uint8Array;
    await pipeline(isWhole ? [content] : content, createWriteStream(temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw namingTarget(error, temporary, path);
  }
}

/** The error with the path that the user gave in place of the temporary one, which says nothing to anyone. */
function namingTarget(error: unknown, temporary: string, path: string): unknown {
  if (!(error instanceof Error) || !('path' in error) || error.path !== temporary) return error;
  const named = new Error(error.message.replaceAll(temporary, path), { cause: error });
  return Object.assign(named, { path, ...('code' in error && { code: error.code }) });
}
