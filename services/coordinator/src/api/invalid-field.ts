import { ServiceError } from '@unpair/platform';

/** INVALID_ARGUMENT because of one field of the request; `description` is a sentence that names it. */
export function invalidField(field: string, description: string): ServiceError {
  return new ServiceError('INVALID_ARGUMENT', description, { violations: [{ field, description }] });
}
