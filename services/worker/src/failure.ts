/** An error as it leaves the process: a canonical gRPC code and a sentence. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** Anything thrown, as a code and a sentence. What carries no code is a defect: INTERNAL. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error) };
  const { message } = error;
  if (error.name === 'AbortError') return { code: 'CANCELLED', message };
  return { code: 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL', message };
}
