/** Canonical gRPC codes that reading and fetching data can end with. */
export type DatasetErrorCode =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'DATA_LOSS'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'PERMISSION_DENIED'
  | 'UNAVAILABLE';

/** What of an order for data an error is about: where they are, or how they are to be read. */
export type DatasetErrorTopic = 'source' | 'size' | 'columns';

/** Data that cannot be had or read. The message is one sentence for the user. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code: DatasetErrorCode;
  readonly about: DatasetErrorTopic;

  constructor(
    code: DatasetErrorCode,
    message: string,
    options: ErrorOptions & { readonly about?: DatasetErrorTopic } = {},
  ) {
    super(message, options);
    this.code = code;
    this.about = options.about ?? 'source';
  }
}

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
      return new DatasetError('RESOURCE_EXHAUSTED', `there is no space left to write ${path}`, {
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new DatasetError('PERMISSION_DENIED', `${path} may not be accessed by this user`, {
        cause: error,
      });
    case 'ENOENT':
      return new DatasetError('NOT_FOUND', `${path} does not exist`, { cause: error });
    case 'ENOTDIR':
    case 'EISDIR':
      return new DatasetError(
        'INVALID_ARGUMENT',
        `${path} is not the kind of file or folder expected there`,
        {
          cause: error,
        },
      );
    default:
      return error;
  }
}
