import { isCode, isPermanent, isRetryable, UnpairError, type Code } from '@unpair/errors';
import { expect, test } from 'vitest';

test('codes are names of a closed list', () => {
  expect(['CANCELLED', 'UNAUTHENTICATED'].every(isCode)).toBe(true);
  expect(['OK', 'ENOENT', 'toString', 3].some(isCode)).toBe(false);
});

test('one table says what another try is worth', () => {
  const later: Code[] = ['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED'];
  const unsure: Code[] = ['INTERNAL', 'UNKNOWN', 'CANCELLED', 'DEADLINE_EXCEEDED', 'PERMISSION_DENIED'];
  const never: Code[] = ['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'OUT_OF_RANGE', 'NOT_FOUND', 'DATA_LOSS'];
  const codes = [...later, ...unsure, ...never];
  expect(codes.filter(isRetryable)).toEqual(later);
  expect(codes.filter(isPermanent)).toEqual(never);
  expect(isPermanent('ENOENT')).toBe(false);
});

test('errors of others keep their code and violations; the unknown is INTERNAL', () => {
  const violations = [{ field: 'seed', description: 'seed is -1' }];
  const foreign = Object.assign(new Error('bad file'), { code: 'INVALID_ARGUMENT', violations });
  expect(UnpairError.from(foreign)).toMatchObject({ code: 'INVALID_ARGUMENT', violations, retryable: false });
  expect(UnpairError.from(Object.assign(new Error('x'), { code: 'ENOENT' })).code).toBe('INTERNAL');
  expect(UnpairError.from(AbortSignal.abort().reason).code).toBe('CANCELLED');
  const own = new UnpairError('UNAVAILABLE', 'x');
  expect(own.retryable).toBe(true);
  expect(UnpairError.from(own)).toBe(own);
});

test('a refusal says field, what is allowed, and the value', () => {
  const refused = { field: '--samples', value: 12, allowed: 'at most 10' };
  const error = UnpairError.refusal(refused, 'OUT_OF_RANGE');
  expect(error).toMatchObject({
    code: 'OUT_OF_RANGE',
    message: '--samples must be at most 10, got 12',
    ...refused,
  });
});
