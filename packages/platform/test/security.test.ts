import { CampaignServiceService, reflectionPackage } from '@unpair/protocol';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nkeys } from 'nats';
import { describe, expect, test } from 'vitest';
import { hasOpenssl, temporaryFolder, TestAuthority } from '../../../test/kit/index.js';
import {
  address,
  connectNats,
  createLogger,
  GrpcServer,
  Handlers,
  helpAsked,
  readEnvironment,
  RpcClient,
  securityProblems,
  securitySettings,
  settingProblems,
  startNatsServer,
  systemClock,
  TlsServerCredentials,
  type ClientAccess,
  type ServerTls,
} from '../src/index.js';

/** The client's own library of nkeys comes without types. */
const { createUser } = nkeys as {
  readonly createUser: () => { getSeed(): Uint8Array; getPublicKey(): string };
};
const logger = createLogger({ service: 'test', level: 'silent' });
const clock = systemClock;
const settings = {
  ...securitySettings,
  grpcAddress: address('UNPAIR_GRPC_ADDRESS', {
    description: 'where gRPC is served',
    default: '127.0.0.1:0',
  }),
};

function read(environment: Record<string, string>): unknown {
  return readEnvironment(environment, settings, (values) => securityProblems(values, values.grpcAddress));
}

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    return settingProblems(error).split('\n');
  }
}

describe('settings', () => {
  test('loopback needs none, and elsewhere plain text and strangers are refused unless asked for', () => {
    expect(problemsOf({})).toEqual([]);
    const elsewhere = { UNPAIR_GRPC_ADDRESS: '0.0.0.0:50051', UNPAIR_NATS_URL: 'nats://nats:4222' };
    expect(problemsOf(elsewhere)).toEqual([
      expect.stringMatching(/^UNPAIR_GRPC_ADDRESS is "0.0.0.0:50051", which others reach, .*UNPAIR_TLS_CERT/),
      expect.stringMatching(/^UNPAIR_NATS_URL names nats:4222 without TLS: use tls:\/\//),
      expect.stringMatching(/nobody there is asked who he is: set UNPAIR_ACCESS_FILE or UNPAIR_OIDC_ISSUER/),
    ]);
    const allowed = { UNPAIR_ALLOW_PLAINTEXT: 'yes', UNPAIR_ALLOW_ANYONE: 'yes' };
    expect(problemsOf({ ...elsewhere, ...allowed })).toEqual([]);
  });

  test('every wrong one is named at once, and no password', () => {
    const problems = problemsOf({
      UNPAIR_NATS_URL: 'http://ann:secret@nats:4222',
      UNPAIR_ALLOW_PLAINTEXT: 'maybe',
      UNPAIR_TLS_KEY: '/nowhere/key.pem',
      UNPAIR_NATS_CREDENTIALS: '/nowhere/nats.creds',
    });
    expect(problems).toEqual([
      expect.stringMatching(/^UNPAIR_NATS_URL is "http:\/\/nats:4222", but must be one or several of/),
      'UNPAIR_ALLOW_PLAINTEXT is "maybe", but must be yes or no.',
      'UNPAIR_TLS_CERT is not set, but UNPAIR_TLS_KEY is: both are needed, or none.',
      'UNPAIR_NATS_CREDENTIALS: The file /nowhere/nats.creds cannot be read (ENOENT).',
    ]);
    expect(problems.join()).not.toContain('secret');
  });

  test('--help lists every setting, and no other word starts anything', () => {
    const help = helpAsked(['--help'], { name: 'unpair test', settings }) ?? '';
    for (const { variable, description } of Object.values(settings)) {
      expect(help).toContain(variable);
      expect(help).toContain(description);
    }
    expect(helpAsked([], { name: 'unpair test', settings })).toBeUndefined();
    expect(() => helpAsked(['start'], { name: 'unpair test', settings })).toThrow(
      'takes no argument but --help',
    );
  });
});

/** Serves a service of no methods, and tells what a call of one comes to. */
async function callOver(tls: ServerTls, access: ClientAccess): Promise<string> {
  const handlers = new Handlers({ logger, clock });
  const services = [{ name: 'empty', definition: CampaignServiceService, implementation: {} }];
  const reflection = reflectionPackage();
  const server = await GrpcServer.start({
    address: '127.0.0.1:0',
    services,
    reflection,
    handlers,
    clock,
    logger,
    tls,
  });
  using client = new RpcClient(server.address, access);
  const call = client.unary(CampaignServiceService.getCampaign, { id: '' }, { timeout: 10_000 });
  const code = await call.then(
    () => 'OK',
    (error: unknown) => (error as { readonly code: string }).code,
  );
  await server.drain({ notice: 0, deadline: 100 });
  return code;
}

describe.skipIf(!hasOpenssl)('TLS', () => {
  test('gRPC serves who trusts it, and whom it trusts', async () => {
    await using folder = await temporaryFolder();
    const authority = new TestAuthority(folder.path);
    const { ca } = authority;
    const server = authority.issue('server');
    const client = authority.issue('client');
    // UNIMPLEMENTED is the answer of a server that was reached.
    expect(await callOver(server, { tls: { ca } })).toBe('UNIMPLEMENTED');
    expect(await callOver(server, { tls: {} })).toBe('UNAVAILABLE');
    expect(await callOver(server, {})).toBe('UNAVAILABLE');
    const mutual = { ...server, clientCa: ca };
    expect(await callOver(mutual, { tls: { ca } })).toBe('UNAVAILABLE');
    expect(await callOver(mutual, { tls: { ca, ...client } })).toBe('UNIMPLEMENTED');
    expect(await callOver({ ...mutual, clientOptional: true }, { tls: { ca } })).toBe('UNIMPLEMENTED');
  });

  test('a certificate that is replaced on disk is served, and one that is broken is not', async () => {
    await using folder = await temporaryFolder();
    const authority = new TestAuthority(folder.path);
    const server = authority.issue('server');
    const credentials = new TlsServerCredentials(server);
    const served: unknown[] = [];
    credentials._addWatcher((context) => served.push(context?.cert?.toString()));
    expect(credentials.reload()).toBe(false);
    authority.issue('server');
    expect(credentials.reload()).toBe(true);
    await writeFile(server.cert, '-----BEGIN');
    expect(() => credentials.reload()).toThrow('no certificate and key can be made');
    expect(served).toHaveLength(1);
  });

  test('NATS is spoken to over TLS, with what the URL or a file says of who asks', async () => {
    await using folder = await temporaryFolder();
    const authority = new TestAuthority(folder.path);
    const { cert, key } = authority.issue('nats');
    const user = createUser();
    const seed = join(folder.path, 'user.nk');
    await writeFile(seed, `${new TextDecoder().decode(user.getSeed())}\n`);
    const users = `{ user: "ann", password: "p@ss:word" }, { nkey: "${user.getPublicKey()}" }`;
    const file = join(folder.path, 'nats.conf');
    const tls = `cert_file: "${cert}", key_file: "${key}", ca_file: "${authority.ca}", verify: true`;
    await writeFile(file, `tls { ${tls} }\nauthorization { users: [${users}] }\n`);
    await using nats = await startNatsServer({ directory: folder.path, settings: file });
    const security = { ca: authority.ca, ...authority.issue('coordinator') };
    const at = (who: string): string => `tls://${who}127.0.0.1:${nats.port}`;
    const connect = async (url: string, credentials?: string): Promise<void> => {
      const own = { ...security, ...(credentials !== undefined && { credentials }) };
      const connection = await connectNats({ url, security: own, name: 'test', logger });
      await connection.close();
    };
    await connect(at('ann:p%40ss%3Aword@'));
    await connect(at(''), seed);
    const refused = connect(at('ann:wrong@'));
    await expect(refused).rejects.toThrow(`NATS at ${at('')} refused the credentials.`);
  });
});

test('a broker that is away is one line without a password, and then patience', async () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const stop = new AbortController();
  let pauses = 0;
  const sleep = (): Promise<void> => {
    if (++pauses === 3) stop.abort(new Error('enough'));
    return Promise.resolve();
  };
  const connecting = connectNats({
    url: 'nats://ann:secret@127.0.0.1:1',
    name: 'test',
    logger: createLogger({ service: 'test', destination }),
    clock: { ...clock, seconds: () => pauses, sleep },
    signal: stop.signal,
  });
  await expect(connecting).rejects.toThrow('enough');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', nats: 'nats://127.0.0.1:1' });
  expect(lines[0]).not.toMatch(/secret|stack/);
});
