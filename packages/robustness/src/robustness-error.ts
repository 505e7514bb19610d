/** A request that this package cannot meet. The message is one sentence for the user. */
export class RobustnessError extends Error {
  override readonly name = 'RobustnessError';
  readonly code = 'INVALID_ARGUMENT';
}
