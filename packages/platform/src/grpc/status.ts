import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { isCode, UnpairError, type Code, type FieldViolation } from '@unpair/errors';
import { BadRequest, ErrorInfo, Status } from '@unpair/protocol';

const detailsKey = 'grpc-status-details-bin';
const typePrefix = 'type.googleapis.com/google.rpc.';
const domain = 'unpair';

/** An error as a gRPC status: canonical code, sentence, and google.rpc.Status details for machines. */
export function toStatus(error: UnpairError): Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const code = status[error.code];
  const info = ErrorInfo.encode({
    reason: error.code,
    domain,
    metadata: { retryable: `${error.retryable}` },
  });
  const details = [{ typeUrl: `${typePrefix}ErrorInfo`, value: Buffer.from(info.finish()) }];
  if (error.violations.length > 0) {
    const bad = BadRequest.encode({ fieldViolations: [...error.violations] });
    details.unshift({ typeUrl: `${typePrefix}BadRequest`, value: Buffer.from(bad.finish()) });
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
