import { accessLine, Authentication, digestOf, RpcClient } from '@unpair/platform';
import { CampaignServiceService as Service, roles, type UploadArtefactRequest } from '@unpair/protocol';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requestFor } from './support/campaign-file.js';
import { ground, serve, type Ground, type Served } from './support/cluster.js';

const quotas = { campaigns: 2, tasks: 1_000, bytes: 200, uploads: 1, streams: 2 };

/** Clients of two tenants, of every role. */
async function tenants(
  base: Ground,
): Promise<Served & { readonly as: (tenant: string, role?: string) => RpcClient }> {
  const file = join(base.folder.path, 'access');
  const lines = ['acme', 'bolt'].flatMap((tenant) =>
    roles.map((role) => accessLine(`${tenant}-${role}`, { tenant, role, name: 'test' })),
  );
  await writeFile(file, lines.join('\n'));
  const served = await serve(base, { access: { authentication: new Authentication({ file }), quotas } });
  const clients = new Map<string, RpcClient>();
  const as = (tenant: string, role = 'operator'): RpcClient => {
    const token = `${tenant}-${role}`;
    const client = clients.get(token) ?? new RpcClient(served.server.address, { token });
    clients.set(token, client);
    return client;
  };
  const dispose = async (): Promise<void> => {
    for (const client of clients.values()) client[Symbol.dispose]();
    await served[Symbol.asyncDispose]();
  };
  return { ...served, as, [Symbol.asyncDispose]: dispose };
}

function* pieces(digest: string, content: Buffer): Generator<UploadArtefactRequest> {
  yield { digest, chunk: content };
}

const contents = [Buffer.from('a model'), Buffer.from('samples'), Buffer.from('more')];

async function uploadAll(client: RpcClient): Promise<void> {
  for (const content of contents)
    await client.clientStream(Service.uploadArtefact, pieces(digestOf(content), content));
}

async function drained(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const item of stream) if (item !== undefined) count++;
  return count;
}

test('a tenant has his own campaigns and artefacts, and knows of no others', async () => {
  await using base = await ground({ slots: 0 });
  await using served = await tenants(base);
  const { as } = served;
  const request = requestFor('same');
  const full = digestOf(contents[0] ?? Buffer.alloc(0));

  // What is stored already is nobody's who has not sent it, and to know its digest is not to have it.
  const missing = await as('acme').unary(Service.findMissingArtefacts, { digests: [full] });
  expect(missing.digests).toEqual([full]);
  const stranger = as('acme').unary(Service.createCampaign, request);
  await expect(stranger).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  const claimed = as('acme').clientStream(Service.uploadArtefact, pieces(full, Buffer.from('a guess')));
  await expect(claimed).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });

  await uploadAll(as('acme'));
  await uploadAll(as('bolt'));
  const { campaign: mine } = await as('acme').unary(Service.createCampaign, request);
  const { campaign: theirs } = await as('bolt').unary(Service.createCampaign, request);
  const id = mine?.id ?? '';
  expect(theirs?.id).not.toBe(id);
  expect(mine?.tenant).toBe('acme');

  const other = as('bolt', 'operator');
  const calls = [
    other.unary(Service.getCampaign, { id }),
    other.unary(Service.getCampaign, { id: id.slice(0, 10) }),
    other.unary(Service.getReport, { id }),
    other.unary(Service.listTasks, {
      id,
      state: 'TASK_STATE_UNSPECIFIED',
      pageSize: 0,
      pageToken: '',
    } as never),
    ...[Service.pauseCampaign, Service.cancelCampaign, Service.deleteCampaign].map((method) =>
      other.unary(method as unknown as typeof Service.getCampaign, { id }),
    ),
    other.unary(Service.resumeCampaign, { id, scope: 'RESUME_SCOPE_ALL' } as never),
    other.unary(Service.dropTasks, { id } as never),
    other.unary(Service.updateCampaign, { id, priority: 5 }),
    drained(other.serverStream(Service.watchCampaign, { id, resumeToken: '' })),
    drained(other.serverStream(Service.streamReport, { id })),
    drained(
      other.serverStream(Service.exportResults, {
        id,
        format: 'EXPORT_FORMAT_CSV',
        table: 'attacks',
      } as never),
    ),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'NOT_FOUND' });

  const list = (role: string, allTenants?: boolean) =>
    as('acme', role).unary(Service.listCampaigns, {
      ...{ pageSize: 0, pageToken: '', states: [], labels: {} },
      ...(allTenants !== undefined && { allTenants }),
    });
  expect((await list('viewer')).campaigns.map((each) => each.id)).toEqual([id]);
  expect((await list('admin')).campaigns).toHaveLength(1);
  expect((await list('admin', true)).campaigns).toHaveLength(2);
  await expect(list('operator', true)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });

  const download = (role: string, tenant = 'acme') =>
    drained(as(tenant, role).serverStream(Service.downloadArtefact, { digest: full }));
  await expect(download('operator')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  expect(await download('admin')).toBe(1);
  const samples = { digest: digestOf(Buffer.from('samples')) };
  const refused = drained(as('acme').serverStream(Service.downloadArtefact, samples));
  await expect(refused).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a tenant has no more than his quotas, and is told when to try again', async () => {
  await using base = await ground({ slots: 0 });
  await using served = await tenants(base);
  const client = served.as('acme');
  await uploadAll(client);
  const exhausted = { code: 'RESOURCE_EXHAUSTED' };
  const large = Buffer.alloc(500, 7);
  const tooMuch = client.clientStream(Service.uploadArtefact, pieces(digestOf(large), large));
  await expect(tooMuch).rejects.toMatchObject(exhausted);
  await expect(tooMuch).rejects.toThrow('The tenant acme may store 200 bytes');

  const { campaign } = await client.unary(Service.createCampaign, requestFor('one'));
  await client.unary(Service.createCampaign, requestFor('two'));
  const third = client.unary(Service.createCampaign, requestFor('three'));
  await expect(third).rejects.toMatchObject(exhausted);
  const again = await client.unary(Service.createCampaign, requestFor('one'));
  expect(again.campaign?.id).toBe(campaign?.id);

  const watch = (): AsyncGenerator<unknown, void> =>
    client.serverStream(Service.watchCampaign, { id: campaign?.id ?? '', resumeToken: '' });
  const open = [watch(), watch()];
  for (const stream of open) await stream.next();
  await expect(watch().next()).rejects.toMatchObject(exhausted);
  for (const stream of open) await stream.return();
});
