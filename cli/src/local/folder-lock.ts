import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { UnpairError } from '@unpair/errors';
import { systemCode } from '@unpair/files';

/**
 * Claims a state folder for this process: two clusters on one store would destroy it. A claim that a dead process left
 * behind is taken over.
 * @throws {UnpairError} FAILED_PRECONDITION when another process runs there.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const path = join(folder, 'lock');
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      const owner = Number(await readFile(path, 'utf8').catch(() => ''));
      if (isAlive(owner)) throw inUse(folder, owner);
      await rm(path, { force: true });
    }
  }
  throw inUse(folder);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function inUse(folder: string, pid?: number): UnpairError {
  const owner = pid === undefined ? 'another process' : `process ${pid}`;
  return new UnpairError(
    'FAILED_PRECONDITION',
    `${folder} is in use by ${owner}: wait for it or choose another --out`,
  );
}
