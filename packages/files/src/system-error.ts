import { UnpairError, type Code } from '@unpair/errors';

/** What failed system calls say of a path, and whose fault that is. */
const MEANINGS: Readonly<Record<string, readonly [Code, string]>> = {
  ENOENT: ['NOT_FOUND', 'does not exist'],
  EACCES: ['PERMISSION_DENIED', 'may not be accessed by this user'],
  EPERM: ['PERMISSION_DENIED', 'may not be accessed by this user'],
  EROFS: ['FAILED_PRECONDITION', 'is on a read-only file system'],
  ENOSPC: ['RESOURCE_EXHAUSTED', 'cannot be written: there is no space left'],
  EDQUOT: ['RESOURCE_EXHAUSTED', 'cannot be written: there is no space left'],
  ENOTDIR: ['INVALID_ARGUMENT', 'is a file, or leads through one, where a folder is needed'],
  EEXIST: ['INVALID_ARGUMENT', 'is a file where a folder is needed'],
  EISDIR: ['INVALID_ARGUMENT', 'is a folder, not a file'],
  ENAMETOOLONG: ['INVALID_ARGUMENT', 'has a name that is too long'],
};

/** Node's code of a failed system call (`ENOSPC`), or undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether a system call failed because the disk is full, or what this user may have of it. */
export function isFull(error: unknown): boolean {
  return MEANINGS[systemCode(error) ?? '']?.[0] === 'RESOURCE_EXHAUSTED';
}

/**
 * Turns a failed system call into a sentence about `path`, or about the path that it names itself; any other error
 * passes unchanged.
 */
export function explainSystemError(error: unknown, path?: string): unknown {
  const meaning = MEANINGS[systemCode(error) ?? ''];
  const subject = path ?? (error instanceof Error && 'path' in error ? error.path : undefined);
  if (meaning === undefined || typeof subject !== 'string') return error;
  return new UnpairError(meaning[0], `${subject} ${meaning[1]}`, { cause: error });
}
