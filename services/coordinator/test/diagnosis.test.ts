import { CampaignServiceService as Service, Finding_Severity as Severity } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor } from './support/campaign-file.js';
import { ground, serve } from './support/cluster.js';

test('a diagnosis says what runs, and of what is amiss what to do about it', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const look = async () => (await served.client.unary(Service.diagnose, {})).findings;
  const well = await look();
  expect(well.map(({ subject, severity }) => [subject, severity])).toEqual(
    ['coordinator', 'broker', 'storage', 'replicas', 'clock', 'workers', 'campaigns'].map((subject) => [
      subject,
      Severity.OK,
    ]),
  );
  await base.connection.jetstream().publish('tasks.c-0123.7', 'of nobody');
  await served.client.unary(Service.createCampaign, requestFor('looked at'));
  await eventually(async () => {
    const amiss = (await look()).filter(({ severity }) => severity !== Severity.OK);
    expect(amiss.map(({ subject, description }) => [subject, description])).toEqual([
      ['workers', expect.stringMatching(/^9 tasks wait, workers hold 0, .*: no worker takes any$/)],
      ['tasks', '1 tasks of c-0123 are queued, which no record tells of'],
    ]);
    expect(amiss.every(({ remedy }) => remedy !== '')).toBe(true);
  });
});
