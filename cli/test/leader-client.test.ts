import { UnpairError } from '@unpair/errors';
import { createLogger, GrpcServer, Handlers, systemClock } from '@unpair/platform';
import {
  CampaignServiceService,
  CampaignState,
  reflectionPackage,
  type GetCampaignRequest,
  type GetCampaignResponse,
  type UploadArtefactRequest,
  type UploadArtefactResponse,
  type WatchCampaignRequest,
  type WatchCampaignResponse,
} from '@unpair/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { CampaignClient } from '../src/client/campaign-client.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const { signal } = new AbortController();

/** A coordinator that leads while it is told so, and counts what it is asked. */
async function coordinator(state: { leads: boolean }): Promise<{ address: string; asked: () => number }> {
  const handlers = new Handlers({ logger, clock: systemClock });
  let asked = 0;
  const check = (): void => {
    asked++;
    if (!state.leads) throw new UnpairError('UNAVAILABLE', 'This coordinator does not lead.');
  };
  const implementation = {
    getCampaign: handlers.unary<GetCampaignRequest, GetCampaignResponse>(async ({ id }) => {
      await Promise.resolve().then(check);
      if (id === 'none') throw new UnpairError('NOT_FOUND', 'There is none.');
      const unknown = { progress: undefined, createTime: undefined, endTime: undefined };
      const share = { labels: {}, priority: 0, weight: 1, round: 0, failures: [], training: [], waiting: '' };
      return { campaign: { id, name: '', state: CampaignState.RUNNING, ...unknown, ...share } };
    }),
    watchCampaign: handlers.serverStream<WatchCampaignRequest, WatchCampaignResponse>(async function* () {
      await Promise.resolve().then(check);
      for (const resumeToken of ['1', '2']) yield { campaign: undefined, resumeToken };
    }),
    uploadArtefact: handlers.clientStream<UploadArtefactRequest, UploadArtefactResponse>(async (requests) => {
      check();
      let bytes = 0;
      for await (const { chunk } of requests) bytes += chunk.length;
      if (bytes !== 2_500_000) throw new UnpairError('DATA_LOSS', `got ${bytes}`);
      return { digest: '', bytes };
    }),
  };
  const server = await GrpcServer.start({
    address: '127.0.0.1:0',
    services: [{ name: 'unpair.v1.CampaignService', definition: CampaignServiceService, implementation }],
    reflection: reflectionPackage(),
    handlers,
    clock: systemClock,
    logger,
  });
  onTestFinished(() => server.drain({ notice: 0, deadline: 500 }));
  return { address: server.address, asked: () => asked };
}

test('calls of every kind go to the coordinator that leads, and follow it', async () => {
  const [first, second] = [{ leads: false }, { leads: true }];
  const [a, b] = [await coordinator(first), await coordinator(second)];
  using client = new CampaignClient(`127.0.0.1:1,${a.address},${b.address}`);
  expect((await client.get('c-1', signal)).id).toBe('c-1');
  await client.get('c-1', signal);
  expect([a.asked(), b.asked()]).toEqual([1, 2]);
  [first.leads, second.leads] = [true, false];
  const tokens: string[] = [];
  for await (const { resumeToken } of client.watch('c-1', '', signal)) tokens.push(resumeToken);
  expect(tokens).toEqual(['1', '2']);
  [first.leads, second.leads] = [false, true];
  await client.upload('0'.repeat(64), new Uint8Array(2_500_000), signal);
  await expect(client.get('none', signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  second.leads = false;
  await expect(client.get('c-1', signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
