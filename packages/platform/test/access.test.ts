import { Client, credentials, Metadata, status, type ServiceDefinition } from '@grpc/grpc-js';
import {
  CampaignServiceService,
  GRPCInferenceServiceService,
  leastRoles,
  reflectionPackage,
  roles,
  suffices,
  WorkerServiceService,
} from '@unpair/protocol';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, temporaryFolder } from '../../../test/kit/index.js';
import { accessLine, Authentication, createLogger, GrpcServer, Handlers, systemClock } from '../src/index.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const clock = systemClock;

const services = {
  'unpair.v1.CampaignService': CampaignServiceService,
  'unpair.v1.WorkerService': WorkerServiceService,
  'inference.GRPCInferenceService': GRPCInferenceServiceService,
} as unknown as Readonly<Record<string, ServiceDefinition>>;

const paths = Object.values(services).flatMap((service) => Object.values(service).map(({ path }) => path));

const oidc = {
  issuer: 'https://id.test',
  audience: 'unpair',
  roleClaim: 'unpair_role',
  tenantClaim: 'unpair_tenant',
};

/** Serves every service of ours, with no methods: a call that is let in is UNIMPLEMENTED. */
async function guarded(authentication: Authentication, patience = 30_000): Promise<GrpcServer> {
  return GrpcServer.start({
    ...{ address: '127.0.0.1:0', reflection: reflectionPackage(), clock, logger, patience, freshness: 20 },
    ...{ authentication, handlers: new Handlers({ logger, clock }) },
    services: Object.entries(services).map(([name, definition]) => ({
      name,
      definition,
      implementation: {},
    })),
  });
}

/** What a call comes to. */
function outcome(client: Client, path: string, token?: string): Promise<string> {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return new Promise((resolve) => {
    const call = client.makeClientStreamRequest(
      path,
      asIs,
      asIs,
      metadata,
      { deadline: Date.now() + 20_000 },
      (error) => {
        resolve(error === null ? 'OK' : `${status[error.code]} ${error.details}`);
      },
    );
    call.end(Buffer.alloc(0));
  });
}

const asIs = (bytes: Buffer): Buffer => bytes;
const unauthenticated = 'UNAUTHENTICATED This call needs valid credentials.';
const denied = 'PERMISSION_DENIED These credentials do not allow this call.';

test('the table of roles names every call of every service, and nothing else', () => {
  const ours = Object.keys(leastRoles).filter((path) => !path.startsWith('/grpc.'));
  expect(ours.sort()).toEqual([...paths].sort());
});

test('the documented table of roles is the one that holds', async () => {
  const text = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  for (const role of ['anyone', ...roles]) {
    const cell = new RegExp(`^\\| ${role} +\\| ([^|]+)\\|`, 'm').exec(text)?.[1] ?? '';
    const documented = cell.split(/[,;]/).map((word) => word.trim());
    const names = paths.filter((path) => leastRoles[path] === role).map((path) => path.split('/').at(-1));
    expect(documented, role).toEqual(expect.arrayContaining(names));
    expect(documented.length - names.length, role).toBeLessThanOrEqual(1);
  }
});

test('every call asks for its role, and tells who has not got it nothing else', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'access');
  const identity = { tenant: 'acme', name: 'test' };
  const lines = roles.map((role) => accessLine(`token-of-${role}`, { ...identity, role }));
  const expired = accessLine('expired', { ...identity, role: 'admin' }, new Date(1_000));
  await writeFile(file, `# who may come in\n${[...lines, expired].join('\n')}\n`);
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwks = join(folder.path, 'keys.json');
  await writeFile(jwks, JSON.stringify({ keys: [await exportJWK(publicKey)] }));
  const sign = (claims: object, audience = oidc.audience, end = '1h'): Promise<string> =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(oidc.issuer)
      .setAudience(audience)
      .setSubject('ann')
      .setExpirationTime(end)
      .sign(privateKey);
  const claims = { unpair_role: ['viewer', 'operator'], unpair_tenant: 'acme' };
  const server = await guarded(new Authentication({ file, oidc: { ...oidc, jwks } }));
  const client = new Client(server.address, credentials.createInsecure());
  const bad = [
    ...['wrong', 'expired', 'token-of-viewe', 'a.b.c', await sign(claims, 'another')],
    ...[await sign(claims, oidc.audience, '-1h'), await sign({ ...claims, unpair_tenant: '../x' })],
    `${(await sign(claims)).slice(0, -8)}AAAAAAAA`,
  ];
  const good = {
    ...Object.fromEntries(roles.map((role) => [role, `token-of-${role}`])),
    oidc: await sign(claims),
  };
  for (const path of paths) {
    const least = leastRoles[path] ?? 'admin';
    const isOpen = least === 'anyone';
    const isLetIn = expect.stringMatching(/^UNIMPLEMENTED/) as string;
    expect(await outcome(client, path), path).toEqual(isOpen ? isLetIn : unauthenticated);
    for (const token of bad)
      expect(await outcome(client, path, token)).toEqual(isOpen ? isLetIn : unauthenticated);
    for (const [name, token] of Object.entries(good)) {
      const role = name === 'oidc' ? 'operator' : roles.find((each) => each === name);
      const may = isOpen || (role !== undefined && suffices(role, least));
      expect(await outcome(client, path, token), `${name} ${path}`).toEqual(may ? isLetIn : denied);
    }
  }
  const path = CampaignServiceService.getCampaign.path;
  const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  expect(await outcome(client, reflection)).toBe(unauthenticated);
  expect(await outcome(client, '/grpc.health.v1.Health/Check')).toBe('OK');

  // A token that is added counts, and lines that are none leave all as it was.
  await appendFile(file, `${accessLine('new', { ...identity, role: 'viewer' })}\n`);
  await eventually(async () => {
    expect(await outcome(client, path, 'new')).toMatch(/^UNIMPLEMENTED/);
  });
  await appendFile(file, 'sha256:xyz role=admin\n');
  expect(await outcome(client, path, 'new')).toMatch(/^UNIMPLEMENTED/);
  client.close();
  await server.drain({ notice: 0, deadline: 100 });
});

test('a call that is opened and never made is ended', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'access');
  await writeFile(file, accessLine('token', { tenant: 'acme', name: 'test', role: 'admin' }));
  const server = await guarded(new Authentication({ file }), 50);
  const client = new Client(server.address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer token');
  const ended = new Promise((resolve) => {
    client.makeClientStreamRequest(CampaignServiceService.getCampaign.path, asIs, asIs, metadata, (error) => {
      resolve(error?.details);
    });
  });
  expect(await ended).toBe('The call was ended: nothing came for 0.05 s.');
  client.close();
  await server.drain({ notice: 0, deadline: 100 });
});

test('a bad line of the file is named by its number, and not shown', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'access');
  await writeFile(file, 'unpair_secret role=admin tenant=acme name=x\n\nsha256:00 role=admin\n');
  expect(() => new Authentication({ file })).toThrow(/Line 1 of .* is not: .* Line 3 of/);
  expect(() => new Authentication({ file })).not.toThrow(/unpair_secret/);
});
