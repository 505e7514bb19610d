import { UnpairError } from '@unpair/errors';
import type { FailedTraining, Failure } from '@unpair/protocol';

/** Training that came to nothing, with the course of it: as it is thrown where it ran and, again, where that was awaited. */
export class TrainingFailure extends UnpairError {
  override readonly name = 'TrainingFailure';
  readonly training: FailedTraining;

  constructor({ code, message }: UnpairError, training: FailedTraining) {
    super(code, message);
    this.training = training;
  }
}

/**
 * Anything thrown, as it leaves the process: a canonical gRPC code, a sentence, and training that came to nothing. What
 * carries no code is a defect: INTERNAL.
 */
export function failureOf(error: unknown): Failure {
  const { code, message } = UnpairError.from(error);
  return { code, message, training: error instanceof TrainingFailure ? error.training : undefined };
}
