import { credentials, ServerCredentials, type ChannelCredentials } from '@grpc/grpc-js';
import { UnpairError } from '@unpair/errors';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** What a server proves itself with, and whom it lets in; all are paths of PEM files. */
export interface ServerTls {
  /** Its certificate, and those between it and the authority. */
  readonly cert: string;
  readonly key: string;
  /** The authority of clients' certificates; clients are asked for none where it is undefined. */
  readonly clientCa?: string | undefined;
  /** Whether a client without a certificate is let in. */
  readonly clientOptional?: boolean;
}

/** What a client trusts, and proves itself with; all are paths of PEM files. */
export interface ClientTls {
  /** The authority of servers' certificates; those that the system trusts where it is undefined. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** A server's certificate, which is read anew when its files change: connections that are open keep the one before. */
export class TlsServerCredentials extends ServerCredentials {
  readonly name = 'the certificate of gRPC';
  readonly #files: ServerTls;
  #text: string;

  /** @throws UnpairError INVALID_ARGUMENT where the files hold no certificate with its key */
  constructor(files: ServerTls) {
    const { text, context } = read(files);
    const { clientCa, clientOptional = false } = files;
    super({ requestCert: clientCa !== undefined, rejectUnauthorized: !clientOptional }, context);
    this.#files = files;
    this.#text = text;
  }

  /**
   * Takes in what the files hold now.
   * @returns whether that is something else than before
   * @throws UnpairError INVALID_ARGUMENT where that is no certificate with its key: the one before stays
   */
  reload(): boolean {
    const { text, context } = read(this.#files);
    if (text === this.#text) return false;
    this.#text = text;
    this.updateSecureContextOptions(context);
    return true;
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** Proves a client and checks a server by these files. @throws UnpairError INVALID_ARGUMENT naming a bad file */
export function tlsChannel({ ca, cert, key }: ClientTls): ChannelCredentials {
  const bytes = (path: string | undefined): Buffer | null => (path === undefined ? null : readPem(path));
  const [root, own, secret] = [bytes(ca), bytes(cert), bytes(key)];
  check({ ca: root ?? undefined, cert: own ?? undefined, key: secret ?? undefined }, [ca, cert, key]);
  return credentials.createSsl(root, secret, own);
}

function read({ cert, key, clientCa }: ServerTls): {
  readonly text: string;
  readonly context: SecureContextOptions;
} {
  const files = [cert, key, ...(clientCa === undefined ? [] : [clientCa])];
  const [own, secret, ca] = files.map(readPem);
  const context: SecureContextOptions = { cert: own, key: secret, ca, minVersion: 'TLSv1.2' };
  check(context, files);
  return { text: files.map((path) => readPem(path).toString('latin1')).join('\0'), context };
}

/** @throws UnpairError INVALID_ARGUMENT where the file cannot be read */
function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new UnpairError('INVALID_ARGUMENT', `The file ${path} cannot be read (${reason}).`, { cause });
  }
}

function check(context: SecureContextOptions, paths: readonly (string | undefined)[]): void {
  try {
    createSecureContext(context);
  } catch (cause) {
    const names = paths.filter((path) => path !== undefined).join(', ');
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `Of ${names} no certificate and key can be made (${reason}): PEM files that belong together are needed.`;
    throw new UnpairError('INVALID_ARGUMENT', message, { cause });
  }
}
