import { CampaignServiceService as Service, Finding_Severity as Severity } from '@unpair/protocol';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor } from './support/campaign-file.js';
import { ground, serve } from './support/cluster.js';
import { beThere } from './support/synthetic-worker.js';

test('a diagnosis says what runs, and of what is amiss what to do about it', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const look = async () => (await served.client.unary(Service.diagnose, {})).findings;
  const well = await look();
  expect(well.map(({ subject, severity }) => [subject, severity])).toEqual(
    [
      ...['coordinator', 'broker', 'storage', 'replicas', 'clock', 'storage', 'storage'],
      ...['workers', 'workers', 'campaigns'],
    ].map((subject) => [subject, Severity.OK]),
  );
  await base.connection.jetstream().publish('tasks.any_synthetic_measure.c-0123.7', 'of nobody');
  await served.client.unary(Service.createCampaign, requestFor('looked at'));
  await eventually(async () => {
    const amiss = (await look()).filter(({ severity }) => severity !== Severity.OK);
    expect(
      amiss.map(({ subject, description }) => [subject.replace('SUBJECT_', '').toLowerCase(), description]),
    ).toEqual([
      ['workers', expect.stringMatching(/^10 tasks wait, workers hold 0, .*: no worker takes any$/)],
      ['tasks', '1 tasks of c-0123 are queued, which no record tells of'],
    ]);
    expect(amiss.every(({ remedy }) => remedy !== '')).toBe(true);
  });
});

test('campaigns that no worker serves are said to wait, and for what', async () => {
  await using base = await ground({ slots: 0 });
  await using served = await serve(base);
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('unserved'));
  await eventually(async () => {
    const { findings } = await served.client.unary(Service.diagnose, {});
    expect(findings.find(({ subject }) => subject === 'workers')).toMatchObject({
      severity: Severity.ERROR,
      description: `${campaign?.id ?? ''} waits for a worker of class label any, device of any kind, for attack and measure`,
    });
  });
});

test('servers that are nearly full, clocks and versions that differ are named, each with what to do', async () => {
  await using base = await ground();
  await using full = await answering({ storage: 9 * 2 ** 30, config: { max_storage: 10 * 2 ** 30 } });
  await using other = await answering({});
  await using served = await serve(base, { monitoring: [full.url, other.url] });
  using newer = beThere(base.connection, { worker: 'newer', version: '9.9.9' });
  expect(newer).toBeDefined();
  const look = () => served.client.unary(Service.diagnose, {});
  await eventually(async () => {
    const { findings } = await look();
    const amiss = findings.filter(({ severity }) => severity !== Severity.OK);
    expect(amiss.map(({ subject, description }) => [subject, description])).toEqual([
      ['storage', `nats-server at ${full.url}, max_file_store: 9216 MiB of 10240 MiB used`],
      ['storage', `Could not ask the monitoring port ${other.url}: it does not speak of JetStream.`],
      ['workers', 'workers are of version 9.9.9, test, the coordinator of test'],
    ]);
    expect(amiss.every(({ remedy }) => remedy !== '')).toBe(true);
  });
  expect(await look()).toMatchObject({ version: 'test', time: expect.any(Date) as Date });
});

/** A monitoring port that says this of JetStream. */
async function answering(facts: unknown): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_, response) => response.end(JSON.stringify(facts)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = promisify(server.close.bind(server));
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => close() };
}
