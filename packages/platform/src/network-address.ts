import { UnpairError } from '@unpair/errors';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Splits `host:port` (IPv6 hosts in brackets). */
export function parseAddress(address: string): HostPort {
  const separator = address.lastIndexOf(':');
  const host = address.slice(0, separator).replace(/^\[|\]$/g, '');
  return { host, port: Number(address.slice(separator + 1)) };
}

/** Joins host and port; IPv6 hosts get their brackets. */
export function formatAddress({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Says in one sentence why a listener could not start. */
export function listenError(purpose: string, address: string, cause: unknown): UnpairError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const reason = /EADDRINUSE|address already in use/i.test(message) ? 'the port is in use' : message;
  return new UnpairError('UNAVAILABLE', `Cannot listen on ${address} for ${purpose}: ${reason}.`, {
    cause,
  });
}
