import { isCode, isRetryable, type Code } from './code.js';
import type { Reason } from './reason.js';

/** One sentence about one field of an input, as google.rpc.BadRequest carries it. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface UnpairErrorOptions {
  readonly cause?: unknown;
  /** The field of the input that is wrong, the value it has, and what it may be. */
  readonly field?: string | undefined;
  readonly value?: unknown;
  readonly allowed?: string;
  /** Everything that is wrong, where that is more than the message says. */
  readonly violations?: readonly FieldViolation[];
  /** What programs may act on, where the code does not tell enough; and what belongs to it. */
  readonly reason?: Reason;
  readonly facts?: Readonly<Record<string, string>>;
}

/**
 * The one error of all packages: a canonical code, and one sentence for the user. Whoever acts on errors looks at the
 * code; there is a subclass only where that would not tell enough.
 */
export class UnpairError extends Error {
  override readonly name: string = 'UnpairError';
  readonly code: Code;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly field: string | undefined;
  readonly value: unknown;
  readonly allowed: string | undefined;
  readonly violations: readonly FieldViolation[];
  readonly reason: Reason | undefined;
  readonly facts: Readonly<Record<string, string>>;

  constructor(code: Code, message: string, options: UnpairErrorOptions = {}) {
    const { cause, field, value, allowed, violations = [], reason, facts = {} } = options;
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.retryable = isRetryable(code);
    this.field = field;
    this.value = value;
    this.allowed = allowed;
    this.violations = violations;
    this.reason = reason;
    this.facts = facts;
  }

  /** The error of one field whose value is not allowed: `FIELD must be ALLOWED, got VALUE`. */
  static refusal(
    refused: { readonly field: string; readonly value: unknown; readonly allowed: string },
    code: Code = 'INVALID_ARGUMENT',
  ): UnpairError {
    const { field, value, allowed } = refused;
    return new UnpairError(code, `${field} must be ${allowed}, got ${String(value)}`, refused);
  }

  /**
   * Any thrown value as an UnpairError. Foreign errors keep their message, and a canonical `code` (and `violations`)
   * where they carry one; an aborted operation is CANCELLED; everything else is INTERNAL.
   */
  static from(error: unknown): UnpairError {
    if (error instanceof UnpairError) return error;
    if (!(error instanceof Error)) return new UnpairError('INTERNAL', String(error), { cause: error });
    if (error.name === 'AbortError') return new UnpairError('CANCELLED', error.message, { cause: error });
    const { code, violations } = error as { code?: unknown; violations?: unknown };
    if (!isCode(code)) return new UnpairError('INTERNAL', error.message, { cause: error });
    return new UnpairError(code, error.message, {
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
