/**
 * Canonical gRPC codes except OK: the vocabulary of every error. Each with what comes of
 * the same work done again: `later` it may succeed, `never`, or `unsure`, as after a defect that may be of one process.
 */
const outlooks = {
  CANCELLED: 'unsure',
  UNKNOWN: 'unsure',
  INVALID_ARGUMENT: 'never',
  DEADLINE_EXCEEDED: 'unsure',
  NOT_FOUND: 'never',
  ALREADY_EXISTS: 'unsure',
  PERMISSION_DENIED: 'unsure',
  RESOURCE_EXHAUSTED: 'later',
  FAILED_PRECONDITION: 'never',
  ABORTED: 'later',
  OUT_OF_RANGE: 'never',
  UNIMPLEMENTED: 'never',
  INTERNAL: 'unsure',
  UNAVAILABLE: 'later',
  DATA_LOSS: 'never',
  UNAUTHENTICATED: 'unsure',
} as const;

/** Name of a canonical gRPC code, except OK. */
export type Code = keyof typeof outlooks;

/** Whether a value is a canonical code name. */
export function isCode(value: unknown): value is Code {
  return typeof value === 'string' && Object.hasOwn(outlooks, value);
}

/** Whether the same call is worth repeating: what stood in its way passes. */
export function isRetryable(code: Code): boolean {
  return outlooks[code] === 'later';
}

/** Whether every further attempt at the same work would meet the error again: a defect of the work, not of the cluster. */
export function isPermanent(code: string): boolean {
  return isCode(code) && outlooks[code] === 'never';
}
