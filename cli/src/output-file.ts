import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { dirname, sep } from 'node:path';

import { UnpairError } from '@unpair/errors';
import { systemCode } from '@unpair/files';

/**
 * Says before any work is done that a file could not be written when it is over: where a folder is, below a file, or
 * where this user may not write. Folders that are missing are no problem, since writing makes them.
 * @param name what the user calls the path, as `--out`
 */
export async function assertOutputFile(name: string, path: string): Promise<void> {
  const problem = path === '' ? '""' : await problemOf(path);
  if (problem === undefined) return;
  throw new UnpairError(
    'INVALID_ARGUMENT',
    `${name} must be a file in a folder that can be written to, got ${problem}`,
  );
}

async function problemOf(path: string): Promise<string | undefined> {
  const kind = await kindOf(path);
  if (kind === 'folder' || path.endsWith(sep)) return `the folder ${path}`;
  if (kind === 'special') return `${path}, which is no regular file`;
  let folder = dirname(path);
  while ((await kindOf(folder)) === 'none' && dirname(folder) !== folder) folder = dirname(folder);
  if ((await kindOf(folder)) !== 'folder') return `${path}, where ${folder} is no folder`;
  const open = await access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return open ? undefined : `${path}, where ${folder} may not be written to by this user`;
}

/** What is at a path. A path that leads through a file has nothing at its end. */
async function kindOf(path: string): Promise<'file' | 'folder' | 'special' | 'none'> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return 'folder';
    return found.isFile() ? 'file' : 'special';
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return 'none';
    throw error;
  }
}

/**
 * Refuses to write over what the output is made of, which would be lost; links are followed.
 * @param inputs paths by what they are, as `the model`; those that do not exist are no files to be lost
 */
export async function assertOverwritesNone(
  name: string,
  path: string,
  inputs: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const real = await realPathOf(path);
  if (real === undefined) return;
  for (const [what, input] of Object.entries(inputs)) {
    if (input === undefined || (await realPathOf(input)) !== real) continue;
    throw new UnpairError('INVALID_ARGUMENT', `${name} must be another file than ${what}, got ${path}`);
  }
}

async function realPathOf(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}
