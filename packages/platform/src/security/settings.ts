import { UnpairError, type FieldViolation } from '@unpair/errors';
import { choice, flag, text, type Values } from '../configuration/environment.js';
import { readNatsCredentials, type NatsSecurity } from '../nats/authentication.js';
import { natsUrls, parseNatsUrls } from '../nats/server-urls.js';
import { parseAddress } from '../network-address.js';
import { accessProblems, accessSettings } from './access-settings.js';
import { TlsServerCredentials, tlsChannel, type ServerTls } from './tls.js';

const file = (variable: string, description: string) => text(variable, { description, default: '' });

/** Settings of every service: what it proves itself with, and whom it lets in. */
export const securitySettings = {
  natsUrl: natsUrls('UNPAIR_NATS_URL', {
    description:
      'the URL of a nats-server, or several separated by commas: tls://user:password@host:port, a token in the place of user and password',
    default: 'nats://127.0.0.1:4222',
  }),
  natsCa: file('UNPAIR_NATS_CA', 'a PEM file with the authority of the certificate of NATS'),
  natsCert: file('UNPAIR_NATS_CERT', 'a PEM file with the certificate that is shown to NATS'),
  natsKey: file('UNPAIR_NATS_KEY', 'a PEM file with the key of UNPAIR_NATS_CERT'),
  natsCredentials: file(
    'UNPAIR_NATS_CREDENTIALS',
    'a file with what NATS asks for: .creds, the seed of an nkey, or a token',
  ),
  tlsCert: file('UNPAIR_TLS_CERT', 'a PEM file with the certificate that gRPC is served with'),
  tlsKey: file('UNPAIR_TLS_KEY', 'a PEM file with the key of UNPAIR_TLS_CERT'),
  tlsClientCa: file(
    'UNPAIR_TLS_CLIENT_CA',
    'a PEM file with the authority of the certificates that clients of gRPC must show',
  ),
  tlsClientCertificate: choice('UNPAIR_TLS_CLIENT_CERTIFICATE', {
    description: 'whether a client of gRPC may come without a certificate, where UNPAIR_TLS_CLIENT_CA is set',
    of: ['required', 'optional'],
    default: 'required',
  }),
  allowPlaintext: flag('UNPAIR_ALLOW_PLAINTEXT', {
    description: 'yes serves gRPC and speaks to NATS without TLS beyond this machine',
  }),
  ...accessSettings,
};

/** What {@link securitySettings} say. */
export type SecurityValues = Values<typeof securitySettings>;

const given = (path: string): string | undefined => (path === '' ? undefined : path);

/** What a service serves gRPC with; undefined for plain text. */
export function serverTls(values: SecurityValues): ServerTls | undefined {
  const { tlsCert: cert, tlsKey: key, tlsClientCa, tlsClientCertificate } = values;
  if (cert === '') return undefined;
  return { cert, key, clientCa: given(tlsClientCa), clientOptional: tlsClientCertificate === 'optional' };
}

/** What a service connects to NATS with. */
export function natsSecurity(values: SecurityValues): NatsSecurity {
  return {
    ca: given(values.natsCa),
    cert: given(values.natsCert),
    key: given(values.natsKey),
    credentials: given(values.natsCredentials),
  };
}

/** What of these settings cannot be so, all of it. @param grpcAddress where the service listens */
export function securityProblems(values: SecurityValues, grpcAddress: string): FieldViolation[] {
  return [
    ...together(values.tlsCert, values.tlsKey, 'UNPAIR_TLS_CERT', 'UNPAIR_TLS_KEY'),
    ...together(values.natsCert, values.natsKey, 'UNPAIR_NATS_CERT', 'UNPAIR_NATS_KEY'),
    ...fileProblems(values),
    ...plaintextProblems(values, grpcAddress),
    ...accessProblems(values, grpcAddress, !isLoopback(grpcAddress)),
  ];
}

function together(one: string, other: string, name: string, otherName: string): FieldViolation[] {
  if ((one === '') === (other === '')) return [];
  const [set, missing] = one === '' ? [otherName, name] : [name, otherName];
  return [problem(missing, `${missing} is not set, but ${set} is: both are needed, or none.`)];
}

function fileProblems(values: SecurityValues): FieldViolation[] {
  const { tlsCert, tlsKey, natsCert, natsKey, natsCa, natsCredentials, natsUrl, tlsClientCa } = values;
  const problems: FieldViolation[] = [];
  const attempt = (name: string, work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      problems.push(problem(name, `${name}: ${UnpairError.from(error).message}`));
    }
  };
  const tls = serverTls(values);
  if (tls !== undefined && tlsKey !== '') attempt('UNPAIR_TLS_CERT', () => new TlsServerCredentials(tls));
  if (tlsCert === '' && tlsClientCa !== '')
    problems.push(
      problem('UNPAIR_TLS_CLIENT_CA', 'UNPAIR_TLS_CLIENT_CA is set, but UNPAIR_TLS_CERT is not.'),
    );
  const isPair = (natsCert === '') === (natsKey === '');
  if (natsCa !== '' || natsCert !== '')
    attempt('UNPAIR_NATS_CA', () => isPair && tlsChannel(natsSecurity(values)));
  if (natsCredentials === '') return problems;
  attempt('UNPAIR_NATS_CREDENTIALS', () => readNatsCredentials(natsCredentials));
  if (parseNatsUrls(natsUrl)?.some(({ user }) => user !== undefined)) {
    const message =
      'UNPAIR_NATS_CREDENTIALS is set, but UNPAIR_NATS_URL holds credentials as well: one is needed.';
    problems.push(problem('UNPAIR_NATS_CREDENTIALS', message));
  }
  return problems;
}

function plaintextProblems(values: SecurityValues, grpcAddress: string): FieldViolation[] {
  if (values.allowPlaintext) return [];
  const problems: FieldViolation[] = [];
  const remedy = 'or UNPAIR_ALLOW_PLAINTEXT=yes where the network itself is trusted';
  if (values.tlsCert === '' && !isLoopback(grpcAddress)) {
    const message = `UNPAIR_GRPC_ADDRESS is "${grpcAddress}", which others reach, and gRPC there is plain text: set UNPAIR_TLS_CERT and UNPAIR_TLS_KEY, ${remedy}.`;
    problems.push(problem('UNPAIR_GRPC_ADDRESS', message));
  }
  const servers = parseNatsUrls(values.natsUrl) ?? [];
  const plain = servers.find(({ address, tls }) => !tls && !isLoopback(address));
  if (plain !== undefined && values.natsCa === '') {
    const message = `UNPAIR_NATS_URL names ${plain.address} without TLS: use tls://, set UNPAIR_NATS_CA, ${remedy}.`;
    problems.push(problem('UNPAIR_NATS_URL', message));
  }
  return problems;
}

/** Whether an address `host:port` is reached from this machine alone. */
export function isLoopback(address: string): boolean {
  const { host } = parseAddress(address);
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function problem(field: string, description: string): FieldViolation {
  return { field, description };
}
