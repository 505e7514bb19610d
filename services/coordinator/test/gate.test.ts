import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { accessLine, Authentication, type GrpcServer } from '@unpair/platform';
import { CampaignServiceService, leastRoles, roles } from '@unpair/protocol';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ground, serve } from './support/cluster.js';

const quotas = { campaigns: 2, tasks: 1_000, bytes: 200, uploads: 1, streams: 200 };
const columns = ['no token', 'wrong', 'expired', ...roles] as const;
/** All that is told who is not let in. */
const refusals: ReadonlyMap<string, string> = new Map([
  ['UNAUTHENTICATED', 'This call needs valid credentials.'],
  ['PERMISSION_DENIED', 'These credentials do not allow this call.'],
]);

/** Codes that no call with an empty message may come to. */
const faults = new Set([status.UNKNOWN, status.INTERNAL, status.UNIMPLEMENTED]);

/** What a call with an empty message comes to: a refusal of the gate, or `let in`. */
async function answer(client: Client, path: string, token: string | undefined): Promise<string> {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const call = client.makeBidiStreamRequest(path, asIs, asIs, metadata, { deadline: Date.now() + 60_000 });
  const ended = new Promise<string>((resolve) => {
    call.on('status', ({ code, details }: { readonly code: status; readonly details: string }) => {
      const word = status[code];
      if (refusals.get(word) === details) resolve(word);
      else resolve(faults.has(code) ? `${word} ${details}` : 'let in');
    });
    // A stream that has an answer, such as the watch of health, has let its caller in.
    call.on('data', () => {
      call.cancel();
    });
    call.on('error', () => undefined);
  });
  call.write(Buffer.alloc(0));
  call.end();
  return ended;
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** Every call of the services that a coordinator serves: a new one has no row, and the test fails. */
function served(): readonly string[] {
  const ours = Object.values(CampaignServiceService).map(({ path }) => path);
  return [...ours, ...Object.keys(leastRoles).filter((path) => path.startsWith('/grpc.'))];
}

async function tableOf({ address }: GrpcServer): Promise<readonly string[]> {
  const client = new Client(address, credentials.createInsecure());
  const rows: string[] = [];
  for (const path of served()) {
    const tokens = columns.map((name) => (name === 'no token' ? undefined : name));
    const cells = await Promise.all(tokens.map((token) => answer(client, path, token)));
    rows.push([path.replace('/unpair.v1.CampaignService/', '').replace('/grpc.', ''), ...cells].join(' | '));
  }
  client.close();
  return rows;
}

test('a coordinator answers every call of every service, without credentials and with each, as docs/security.md says', async () => {
  await using base = await ground({ slots: 0 });
  const file = join(base.folder.path, 'access');
  const identity = { tenant: 'acme', name: 'test' };
  const expired = accessLine('expired', { ...identity, role: 'admin' }, new Date(1_000));
  await writeFile(
    file,
    [...roles.map((role) => accessLine(role, { ...identity, role })), expired].join('\n'),
  );
  await using running = await serve(base, {
    access: { authentication: new Authentication({ file }), quotas },
  });
  const documented = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  const [, after = ''] = documented.split(
    '<!-- calls: checked by services/coordinator/test/gate.test.ts -->',
  );
  const lines = after.trim().split('\n\n')[0]?.split('\n') ?? [];
  const table = await tableOf(running.server);
  const [head, , ...rows] = lines.map((line) => line.replaceAll(/ +/g, ' ').slice(2, -2));
  expect(head).toBe(['call', ...columns].join(' | '));
  expect(rows).toEqual(table);
});
