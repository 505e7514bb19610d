import { statfs } from 'node:fs/promises';

import { UnpairError } from '@unpair/errors';

/** @throws {UnpairError} RESOURCE_EXHAUSTED when the file system that holds `folder` has less room than that. */
export async function assertFreeSpace(folder: string, bytes: number, purpose: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new UnpairError(
    'RESOURCE_EXHAUSTED',
    `${purpose} needs ${megabytes(bytes)} in ${folder}, where ${megabytes(free)} are free`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
