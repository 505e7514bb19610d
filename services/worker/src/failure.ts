import type { FailedTraining, Failure } from '@unpair/protocol';

/** Training that came to nothing, with the course of it: as it is thrown where it ran and, again, where that was awaited. */
export class TrainingFailure extends Error {
  override readonly name = 'TrainingFailure';
  readonly code: string;
  readonly training: FailedTraining;

  constructor({ code, message }: Pick<Failure, 'code' | 'message'>, training: FailedTraining) {
    super(message);
    this.code = code;
    this.training = training;
  }
}

/**
 * Anything thrown, as it leaves the process: a canonical gRPC code, a sentence, and training that came to nothing. What
 * carries no code is a defect: INTERNAL.
 */
export function failureOf(error: unknown): Failure {
  const training = error instanceof TrainingFailure ? error.training : undefined;
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error), training };
  const { message } = error;
  if (error.name === 'AbortError') return { code: 'CANCELLED', message, training };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
  return { code, message, training };
}
