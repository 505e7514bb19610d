import { UnpairError } from '@unpair/errors';
import { createLogger, GrpcServer, Handlers, systemClock } from '@unpair/platform';
import type {
  Campaign,
  CreateCampaignRequest,
  CreateCampaignResponse,
  FindMissingArtefactsRequest,
  FindMissingArtefactsResponse,
  UploadArtefactRequest,
  UploadArtefactResponse,
  WatchCampaignRequest,
  WatchCampaignResponse,
} from '@unpair/protocol';
import { CampaignServiceService, CampaignState, reflectionPackage } from '@unpair/protocol';
import { expect, onTestFinished, test } from 'vitest';

import { CampaignClient } from '../src/client/campaign-client.js';
import { followCampaign } from '../src/client/follow.js';
import { patiently } from '../src/client/patience.js';
import { submitCampaign } from '../src/client/submit.js';
import { freePort } from '../src/local/free-port.js';
import { artefactOf } from '../src/submission/artefact.js';

const { signal } = new AbortController();
const quick = { signal, delayMs: 10 };
const progress = { update: () => undefined, end: () => undefined };
const away = (): UnpairError => new UnpairError('UNAVAILABLE', 'The server is shutting down; call again.');

function campaign(state: CampaignState): Campaign {
  const times = { createTime: undefined, endTime: undefined };
  const share = { labels: {}, priority: 0, weight: 1, round: 0 };
  return {
    id: 'c-1',
    name: 'tiny',
    state,
    progress: undefined,
    failures: [],
    training: [],
    waiting: '',
    ...times,
    ...share,
  };
}

const submission = {
  name: 'tiny',
  request: {
    requestId: 'r',
    spec: '',
    models: {},
    sources: {},
    samples: '',
    calibration: '',
    heldOut: '',
    labels: {},
    priority: 0,
    weight: 0,
  },
  artefacts: [artefactOf(Buffer.from('model'))],
};

/** Answers UNAVAILABLE to the first two calls of each method, and to every watching client after one message. */
function unsteadyService(handlers: Handlers, calls: string[]) {
  const heard = (name: string): Promise<void> => {
    calls.push(name);
    const early = calls.filter((call) => call === name).length <= 2;
    return early ? Promise.reject(away()) : Promise.resolve();
  };
  return {
    findMissingArtefacts: handlers.unary<FindMissingArtefactsRequest, FindMissingArtefactsResponse>(
      async ({ digests }) => {
        await heard('find');
        return { digests };
      },
    ),
    uploadArtefact: handlers.clientStream<UploadArtefactRequest, UploadArtefactResponse>(async (requests) => {
      let [digest, bytes] = ['', 0];
      for await (const request of requests) {
        digest ||= request.digest;
        bytes += request.chunk.length;
      }
      await heard('upload');
      return { digest, bytes };
    }),
    createCampaign: handlers.unary<CreateCampaignRequest, CreateCampaignResponse>(async () => {
      await heard('create');
      return { campaign: campaign(CampaignState.RUNNING) };
    }),
    watchCampaign: handlers.serverStream<WatchCampaignRequest, WatchCampaignResponse>(async function* ({
      resumeToken,
    }) {
      calls.push(`watch ${resumeToken}`);
      const seen = Number(resumeToken);
      const state = seen < 3 ? CampaignState.RUNNING : CampaignState.SUCCEEDED;
      yield await Promise.resolve({ campaign: campaign(state), resumeToken: `${seen + 1}` });
      throw away();
    }),
  };
}

/** Starts a coordinator that answers now and then. @returns the names of the calls that it heard */
async function serveUnsteadily(address: string): Promise<readonly string[]> {
  const calls: string[] = [];
  const logger = createLogger({ service: 'test', level: 'silent' });
  const handlers = new Handlers({ logger, clock: systemClock });
  const implementation = unsteadyService(handlers, calls);
  const server = await GrpcServer.start({
    address,
    services: [{ name: 'unpair.v1.CampaignService', definition: CampaignServiceService, implementation }],
    reflection: reflectionPackage(),
    handlers,
    clock: systemClock,
    logger,
  });
  onTestFinished(() => server.drain({ notice: 0, deadline: 500 }));
  return calls;
}

const loopback = async (): Promise<string> => `127.0.0.1:${await freePort()}`;

test('a campaign is submitted though the coordinator comes late and goes away between calls', async () => {
  const address = await loopback();
  using client = new CampaignClient(address);
  const submitting = submitCampaign(client, submission, { ...quick, attempts: 1_000 });
  await expect(client.get('c-1', signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const calls = await serveUnsteadily(address);
  expect(await submitting).toMatchObject({ id: 'c-1' });
  expect(calls).toEqual(['find', 'upload', 'create'].flatMap((name) => [name, name, name]));
});

test('a campaign is followed from where the coordinator was lost: only failures in a row count', async () => {
  const address = await loopback();
  const calls = await serveUnsteadily(address);
  using client = new CampaignClient(address);
  const last = await followCampaign(client, 'c-1', { ...quick, progress, attempts: 1 });
  expect(last.state).toBe(CampaignState.SUCCEEDED);
  expect(calls).toEqual(['watch ', 'watch 1', 'watch 2', 'watch 3']);
});

test('patience ends, and is for nothing but a coordinator that is away', async () => {
  const address = await loopback();
  const calls = await serveUnsteadily(address);
  using client = new CampaignClient(address);
  const impatient = submitCampaign(client, submission, { ...quick, attempts: 0 });
  await expect(impatient).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(calls).toEqual(['find']);
  let tries = 0;
  const refused = patiently(() => {
    tries += 1;
    return Promise.reject(new UnpairError('INVALID_ARGUMENT', 'No.'));
  }, quick);
  await expect(refused).rejects.toThrow('No.');
  expect(tries).toBe(1);
});
