import { UnpairError } from '@unpair/errors';

/** Node's code of a failed system call (`ENOSPC`), or undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Turns a failed system call on `path` into a sentence; any other error passes unchanged. */
export function explainSystemError(error: unknown, path: string): unknown {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new UnpairError('RESOURCE_EXHAUSTED', `there is no space left to write ${path}`, {
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new UnpairError('PERMISSION_DENIED', `${path} may not be accessed by this user`, {
        cause: error,
      });
    case 'ENOENT':
      return new UnpairError('NOT_FOUND', `${path} does not exist`, { cause: error });
    case 'ENOTDIR':
    case 'EISDIR':
      return new UnpairError('INVALID_ARGUMENT', `${path} is not the kind of file or folder expected there`, {
        cause: error,
      });
    default:
      return error;
  }
}
