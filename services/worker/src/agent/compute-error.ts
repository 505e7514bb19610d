/** A request that the compute process refused, or did not live to answer. */
export class ComputeError extends Error {
  override readonly name = 'ComputeError';
  /** Canonical gRPC code. UNAVAILABLE: the process died. DEADLINE_EXCEEDED: it took too long and was killed. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
