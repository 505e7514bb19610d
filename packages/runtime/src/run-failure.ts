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
  const code = isLackOfMemory(cause) ? 'RESOURCE_EXHAUSTED' : 'FAILED_PRECONDITION';
  return new UnpairError(code, `graph "${graphName}" failed to run: ${reasonOf(cause)}`, { cause });
}

/** Whether native code failed for want of memory, which another try may have. */
export function isLackOfMemory(cause: unknown): boolean {
  return ALLOCATION_FAILURES.some((wording) => wording.test(reasonOf(cause)));
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message.trim() : String(cause));
