import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { isCode, retrySecondsOf, UnpairError, type Code, type FieldViolation } from '@unpair/errors';
import { BadRequest, ErrorInfo, RetryInfo, Status } from '@unpair/protocol';

const detailsKey = 'grpc-status-details-bin';
const typePrefix = 'type.googleapis.com/google.rpc.';
const domain = 'unpair';

/**
 * An error as a gRPC status: canonical code, sentence, and google.rpc.Status details for machines.
 * @param requestId of the call, for who looks into the server's log
 */
export function toStatus(
  error: UnpairError,
  requestId = '',
): Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const code = status[error.code];
  const { code: name, reason, facts } = error;
  const told = { ...facts, ...(requestId !== '' && { requestId }) };
  const info = ErrorInfo.encode({ reason: reason ?? name, domain, metadata: told });
  const details = [{ typeUrl: `${typePrefix}ErrorInfo`, value: Buffer.from(info.finish()) }];
  if (error.violations.length > 0) {
    const rest = { reason: '', localizedMessage: undefined };
    const fieldViolations = error.violations.map((one) => ({ ...one, ...rest }));
    const bad = BadRequest.encode({ fieldViolations });
    details.unshift({ typeUrl: `${typePrefix}BadRequest`, value: Buffer.from(bad.finish()) });
  }
  const seconds = retrySecondsOf(name, reason);
  if (seconds !== undefined) {
    const retry = RetryInfo.encode({ retryDelay: { seconds, nanos: 0 } });
    details.push({ typeUrl: `${typePrefix}RetryInfo`, value: Buffer.from(retry.finish()) });
  }
  const metadata = new Metadata();
  metadata.set(detailsKey, Buffer.from(Status.encode({ code, message: error.message, details }).finish()));
  return { code, details: error.message, metadata };
}

/** The error that a gRPC status stands for, violations included. */
export function fromStatus(given: Pick<StatusObject, 'code' | 'details' | 'metadata'>): UnpairError {
  const violations = violationsIn(given.metadata);
  return new UnpairError(codeName(given.code), given.details, { cause: given, violations });
}

/** The seconds after which the server says that a call is worth repeating; undefined where it says none. */
export function retryDelayIn({ cause }: { readonly cause?: unknown }): number | undefined {
  const { metadata } = (cause ?? {}) as { readonly metadata?: unknown };
  const [bytes] = metadata instanceof Metadata ? metadata.get(detailsKey) : [];
  if (!(bytes instanceof Uint8Array)) return undefined;
  const detail = Status.decode(bytes).details.find(({ typeUrl }) => typeUrl === `${typePrefix}RetryInfo`);
  return detail && RetryInfo.decode(detail.value).retryDelay?.seconds;
}

/** The name of a number from the wire; UNKNOWN for numbers that mean nothing here. */
function codeName(number: number): Code {
  const name: unknown = status[number];
  return isCode(name) ? name : 'UNKNOWN';
}

function violationsIn(metadata: Metadata): readonly FieldViolation[] {
  const [bytes] = metadata.get(detailsKey);
  if (!(bytes instanceof Uint8Array)) return [];
  return Status.decode(bytes)
    .details.filter(({ typeUrl }) => typeUrl === `${typePrefix}BadRequest`)
    .flatMap(({ value }) => BadRequest.decode(value).fieldViolations);
}
