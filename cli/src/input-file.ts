import { readFile } from 'node:fs/promises';

import { UnpairError } from '@unpair/errors';
import { systemCode } from '@unpair/files';

/**
 * Reads a file that the user named.
 * @param what what it should be, as `campaign file`
 * @throws {UnpairError} saying what it should be where there is none, or where there is a folder, of which the system's own
 * error does not even name the path
 */
export async function readInputFile(path: string, what: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    const code = systemCode(cause);
    if (code === 'ENOENT') throw new UnpairError('NOT_FOUND', `there is no ${what} ${path}`, { cause });
    if (code !== 'EISDIR') throw cause;
    throw new UnpairError('INVALID_ARGUMENT', `${path} is a folder, not a ${what}`, { cause });
  });
}
