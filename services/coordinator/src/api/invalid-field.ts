import { UnpairError } from '@unpair/errors';

/** INVALID_ARGUMENT because of one field of the request; `description` is a sentence that names it. */
export function invalidField(field: string, description: string): UnpairError {
  return new UnpairError('INVALID_ARGUMENT', description, { violations: [{ field, description }] });
}
