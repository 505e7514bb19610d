import { ErrorCode, NatsError } from 'nats';
import { UnpairError, type Code, type Reason } from '@unpair/errors';

/** JetStream's own error numbers that we act on. */
export const jetStreamErrors = {
  consumerNotFound: 10_014,
  insufficientResources: 10_023,
  insufficientStorage: 10_047,
  sequenceNotFound: 10_043,
  messageDeleteFailed: 10_057,
  streamNotFound: 10_059,
  wrongLastSequence: 10_071,
  maximumReached: 10_077,
} as const;

const unreachable: ReadonlySet<string> = new Set([
  ErrorCode.Timeout,
  ErrorCode.NoResponders,
  ErrorCode.Disconnect,
  ErrorCode.ConnectionClosed,
  ErrorCode.ConnectionDraining,
  ErrorCode.ConnectionRefused,
  ErrorCode.ConnectionTimeout,
  ErrorCode.JetStreamNotEnabled,
]);

/** Whether JetStream refused a write because its subject already holds a message. */
export function isFenced(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.err_code === jetStreamErrors.wrongLastSequence;
}

/** Whether the stream, consumer, bucket or message does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof NatsError && (error.api_error?.code === 404 || error.code === '404');
}

const gone: ReadonlySet<number | undefined> = new Set([
  jetStreamErrors.sequenceNotFound,
  jetStreamErrors.messageDeleteFailed,
]);

/** Whether a message could not be deleted, as where another was faster: the server has two answers to that. */
export function isGone(error: unknown): boolean {
  return error instanceof NatsError && gone.has(error.api_error?.err_code);
}

const known: Partial<Record<Code, { readonly sentence: string; readonly reason: Reason }>> = {
  UNAVAILABLE: { sentence: 'the NATS server does not answer', reason: 'BROKER_UNAVAILABLE' },
  RESOURCE_EXHAUSTED: { sentence: 'the NATS server has no storage left', reason: 'STORAGE_FULL' },
};

/** What went wrong between us and the broker, as our error type: `action` completes "Could not …". */
export function fromNats(action: string, error: unknown): UnpairError {
  if (!(error instanceof NatsError)) return UnpairError.from(error);
  const code = codeOf(error);
  const { sentence, reason } = known[code] ?? {};
  const why = (isMissing(error) ? MISSING : sentence) ?? error.api_error?.description ?? error.message;
  const message = `Could not ${action}: ${why}.`;
  return new UnpairError(code, message, { cause: error, ...(reason !== undefined && { reason }) });
}

const MISSING = 'its stream or consumer is missing, and has to be made again';

/** Whether somebody deleted a whole stream or consumer: it is made again, so that a later try may pass. */
function isMissing({ api_error }: NatsError): boolean {
  const number = api_error?.err_code;
  return number === jetStreamErrors.streamNotFound || number === jetStreamErrors.consumerNotFound;
}

const isFull: ReadonlySet<number> = new Set([
  jetStreamErrors.insufficientResources,
  jetStreamErrors.insufficientStorage,
  jetStreamErrors.maximumReached,
]);

function codeOf(error: NatsError): Code {
  const number = error.api_error?.err_code;
  if (number !== undefined && isFull.has(number)) return 'RESOURCE_EXHAUSTED';
  if (number === jetStreamErrors.wrongLastSequence) return 'ALREADY_EXISTS';
  if (isMissing(error)) return 'UNAVAILABLE';
  if (isNotFound(error)) return 'NOT_FOUND';
  if (unreachable.has(error.code) || error.api_error?.code === 503) return 'UNAVAILABLE';
  return error.isPermissionError() ? 'PERMISSION_DENIED' : 'INTERNAL';
}
