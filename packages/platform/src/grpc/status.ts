import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, Status } from '@unpair/protocol';
import { codeName, codeNumber } from '../errors/code.js';
import { ServiceError, type FieldViolation } from '../errors/service-error.js';

const detailsKey = 'grpc-status-details-bin';
const typePrefix = 'type.googleapis.com/google.rpc.';
const domain = 'unpair';

/** An error as a gRPC status: canonical code, sentence, and google.rpc.Status details for machines. */
export function toStatus(error: ServiceError): Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const code = codeNumber(error.code);
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
export function fromStatus(status: Pick<StatusObject, 'code' | 'details' | 'metadata'>): ServiceError {
  const code = codeName(status.code);
  const violations = violationsIn(status.metadata);
  return new ServiceError(code, status.details, { cause: status, violations });
}

function violationsIn(metadata: Metadata): readonly FieldViolation[] {
  const [bytes] = metadata.get(detailsKey);
  if (!(bytes instanceof Uint8Array)) return [];
  return Status.decode(bytes)
    .details.filter(({ typeUrl }) => typeUrl === `${typePrefix}BadRequest`)
    .flatMap(({ value }) => BadRequest.decode(value).fieldViolations);
}
