export { isCode, isPermanent, isRetryable, type Code } from './code.js';
export { UnpairError, type FieldViolation, type UnpairErrorOptions } from './unpair-error.js';
