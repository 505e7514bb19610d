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
    ['coordinator', 'broker', 'storage', 'replicas', 'clock', 'workers', 'workers', 'campaigns'].map(
      (subject) => [subject, Severity.OK],
    ),
  );
  await base.connection.jetstream().publish('tasks.any_synthetic_measure.c-0123.7', 'of nobody');
  await served.client.unary(Service.createCampaign, requestFor('looked at'));
  await eventually(async () => {
    const amiss = (await look()).filter(({ severity }) => severity !== Severity.OK);
    expect(amiss.map(({ subject, description }) => [subject, description])).toEqual([
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
