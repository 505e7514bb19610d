/** A request that this package cannot meet. The message is one sentence for the user. */
export class RobustnessError extends Error {
  override readonly name = 'RobustnessError';
  /** Canonical gRPC code. FAILED_PRECONDITION: the computation itself came to nothing, as it would again. */
  readonly code: 'INVALID_ARGUMENT' | 'FAILED_PRECONDITION' | 'DATA_LOSS';

  constructor(message: string, code: RobustnessError['code'] = 'INVALID_ARGUMENT') {
    super(message);
    this.code = code;
  }
}
