import { readFile } from 'node:fs/promises';

import { CliError } from './failure.js';

/**
 * Reads a file that the user named.
 * @param what what it should be, as `campaign file`
 * @throws {CliError} saying what it should be where there is none, or where there is a folder, of which the system's own
 * error does not even name the path
 */
export async function readInputFile(path: string, what: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT') throw new CliError('NOT_FOUND', `there is no ${what} ${path}`, [], { cause });
    if (code !== 'EISDIR') throw cause;
    throw new CliError('INVALID_ARGUMENT', `${path} is a folder, not a ${what}`, [], { cause });
  });
}
