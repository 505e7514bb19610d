import { UnpairError } from '@unpair/errors';

/** @throws {UnpairError} FAILED_PRECONDITION for a count of threads that is not a whole number above 0. */
export function assertThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1) return;
  throw new UnpairError(
    'FAILED_PRECONDITION',
    `threads is ${threads}; it must be a whole number of at least 1`,
  );
}
