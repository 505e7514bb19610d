export { isCode, isPermanent, isRetryable, type Code } from './code.js';
export { allReasons, codeOfReason, retrySecondsOf, type Reason } from './reason.js';
export { UnpairError, type FieldViolation, type UnpairErrorOptions } from './unpair-error.js';
