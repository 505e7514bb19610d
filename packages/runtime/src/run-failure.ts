import { UnpairError } from '@unpair/errors';

/**
 * How native code words an allocation that failed: onnxruntime's arenas, C++, CUDA and its libraries, TensorFlow, and
 * JavaScript where a result's buffer cannot be had.
 */
const ALLOCATION_FAILURES: readonly RegExp[] = [
  /failed to allocate/i,
  /bad_alloc/,
  /out of memory/i,
  /_ALLOC_FAILED/,
  /\bOOM\b/,
  /resource[ _]exhausted/i,
  /array buffer allocation failed/i,
];

/** What a failed run of a graph is thrown as: one sentence, with lack of memory told from everything else. */
export function runFailure(graphName: string, cause: unknown): UnpairError {
  const reason = cause instanceof Error ? cause.message.trim() : String(cause);
  const message = `graph "${graphName}" failed to run: ${reason}`;
  const isMemory = ALLOCATION_FAILURES.some((wording) => wording.test(reason));
  return isMemory
    ? new UnpairError('RESOURCE_EXHAUSTED', message, { cause })
    : new UnpairError('FAILED_PRECONDITION', message, { cause });
}
