import { isCode, type Code } from './code.js';

/** One sentence about one field of a request, as google.rpc.BadRequest carries it. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface ServiceErrorOptions {
  readonly cause?: unknown;
  /** Whether the same call may succeed later. Follows from the code unless said. */
  readonly retryable?: boolean;
  readonly violations?: readonly FieldViolation[];
}

const retryableCodes: ReadonlySet<Code> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED']);

/** The one error type that services throw, log and send: a canonical code, a sentence, and what the caller can do. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: Code;
  readonly retryable: boolean;
  readonly violations: readonly FieldViolation[];

  constructor(code: Code, message: string, options: ServiceErrorOptions = {}) {
    const { cause, retryable = retryableCodes.has(code), violations = [] } = options;
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.retryable = retryable;
    this.violations = violations;
  }

  /**
   * Any thrown value as a ServiceError. Errors of other packages keep their message where they carry a canonical
   * `code` (and `violations`); an aborted operation is CANCELLED; everything else is INTERNAL.
   */
  static from(error: unknown): ServiceError {
    if (error instanceof ServiceError) return error;
    if (!(error instanceof Error)) return new ServiceError('INTERNAL', String(error), { cause: error });
    if (error.name === 'AbortError') return new ServiceError('CANCELLED', error.message, { cause: error });
    const { code, violations } = error as { code?: unknown; violations?: unknown };
    if (!isCode(code)) return new ServiceError('INTERNAL', error.message, { cause: error });
    return new ServiceError(code, error.message, {
      cause: error,
      ...(isViolations(violations) && { violations }),
    });
  }
}

function isViolations(value: unknown): value is readonly FieldViolation[] {
  return (
    Array.isArray(value) &&
    value.every((item) => typeof item === 'object' && item !== null && 'field' in item)
  );
}
