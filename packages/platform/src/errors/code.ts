import { status } from '@grpc/grpc-js';

/** Canonical gRPC code names, except OK: the vocabulary of every error that leaves a package. */
export type Code = Exclude<keyof typeof status, 'OK'>;

const names = new Set<string>(
  Object.keys(status).filter((name) => name !== 'OK' && Number.isNaN(Number(name))),
);

/** Whether a value is a canonical code name. */
export function isCode(value: unknown): value is Code {
  return typeof value === 'string' && names.has(value);
}

/** The code's number on the wire. */
export function codeNumber(code: Code): status {
  return status[code];
}

/** The name of a number from the wire; UNKNOWN for numbers that mean nothing here. */
export function codeName(number: number): Code {
  const name: unknown = status[number];
  return isCode(name) ? name : 'UNKNOWN';
}
