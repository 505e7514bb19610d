import { UnpairError } from '@unpair/errors';
import {
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type ConnectionOptions,
} from 'nats';
import { readFileSync } from 'node:fs';
import { parseNatsUrls } from './server-urls.js';

/** What a client proves itself to NATS with, and whom it trusts; all are paths of files, which are read at every connection. */
export interface NatsSecurity {
  /** The authority of the servers' certificates; the system's where it is undefined. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** `.creds`, the seed of an nkey, or a token. */
  readonly credentials?: string | undefined;
}

/** Where to connect, and how: what the URLs say, and what the files do. */
export function connectionOptions(urls: string, security: NatsSecurity = {}): ConnectionOptions {
  const servers = parseNatsUrls(urls);
  if (servers === undefined)
    throw new UnpairError('INVALID_ARGUMENT', 'The URL of NATS is none: nats://host:port is.');
  const { ca, cert, key, credentials } = security;
  const own = cert !== undefined && key !== undefined ? { certFile: cert, keyFile: key } : {};
  const files = { ...(ca !== undefined && { caFile: ca }), ...own };
  const isTls = Object.keys(files).length > 0 || servers.some(({ tls }) => tls);
  const named = servers.find(({ user }) => user !== undefined);
  const authenticator = authenticatorOf(credentials, named);
  return {
    servers: servers.map(({ address }) => address),
    ...(isTls && { tls: files }),
    ...(authenticator !== undefined && { authenticator }),
  };
}

interface Named {
  readonly user?: string;
  readonly password?: string;
}

function authenticatorOf(file: string | undefined, named: Named | undefined): Authenticator | undefined {
  if (file !== undefined) return (nonce) => fileAuthenticator(readNatsCredentials(file))(nonce);
  const { user, password } = named ?? {};
  if (user === undefined) return undefined;
  return password === undefined ? tokenAuthenticator(user) : usernamePasswordAuthenticator(user, password);
}

function fileAuthenticator(text: string): Authenticator {
  const bytes = new TextEncoder().encode(text);
  if (text.includes('BEGIN NATS USER JWT')) return credsAuthenticator(bytes);
  return /^SU[A-Z2-7]{56}$/.test(text) ? nkeyAuthenticator(bytes) : tokenAuthenticator(text);
}

/** @throws UnpairError INVALID_ARGUMENT where the file cannot be read, or holds nothing */
export function readNatsCredentials(path: string): string {
  let text = '';
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new UnpairError('INVALID_ARGUMENT', `The file ${path} cannot be read (${reason}).`, { cause });
  }
  if (text !== '') return text;
  throw new UnpairError('INVALID_ARGUMENT', `The file ${path} is empty: it must hold NATS credentials.`);
}
