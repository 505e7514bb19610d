import { UnpairError } from '@unpair/errors';
import type { ParameterMisfit } from '@unpair/training';

/** @throws {UnpairError} INVALID_ARGUMENT when there is a misfit. */
export function refuseMisfit(misfit: ParameterMisfit | undefined): void {
  if (misfit === undefined) return;
  throw new UnpairError('INVALID_ARGUMENT', `${misfit.parameter} ${misfit.description}`);
}
