import { UnpairError } from '@unpair/errors';
import {
  connectNats,
  createLogger,
  digestOf,
  ensureTopology,
  eraseMessages,
  retryDelayIn,
  startNatsServer,
} from '@unpair/platform';
import { CampaignServiceService as Service, type UploadArtefactRequest } from '@unpair/protocol';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiscardPolicy } from 'nats';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, temporaryFolder } from '../../../test/kit/index.js';
import { requestFor, spec } from './support/campaign-file.js';
import { ground, serve, type Ground } from './support/cluster.js';

test.each([
  [1e7, 'raise shardSize (1) to about 71,'],
  [9e8, 'raise shardSize (1) to about 6301,'],
  // Larger shards would not fit a message.
  [1e12, 'ask for fewer models, attacks, parameters or epsilons,'],
])(
  'a campaign of %d samples in shards of one is refused in no time, and says what would do',
  async (samples, remedy) => {
    await using base = await ground();
    await using served = await serve(base);
    const text = spec.replace('samples: 20', `samples: ${samples}`).replace('shardSize: 5', 'shardSize: 1');
    const before = process.memoryUsage().rss;
    const start = performance.now();
    const refused = served.client.unary(Service.createCampaign, requestFor('huge', text));
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations: [{ field: 'shardSize' }],
    });
    await expect(refused).rejects.toThrow(/^the campaign has \d+ tasks, but may have 1000000: /);
    await expect(refused).rejects.toThrow(remedy);
    expect(performance.now() - start).toBeLessThan(15_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  },
);

async function messages({ connection }: Ground): Promise<number> {
  const manager = await connection.jetstreamManager();
  return (await manager.streams.info('OBJ_unpair-artefacts')).state.messages;
}

/** An upload of which some arrives and then nothing more. */
async function* stalled(digest: string, stop: AbortSignal): AsyncGenerator<UploadArtefactRequest> {
  yield { digest, chunk: Buffer.alloc(200_000, digest) };
  await new Promise((resolve) => {
    stop.addEventListener('abort', resolve, { once: true });
  });
}

test('an upload that stalls is ended and leaves nothing; more than so many at a time are refused', async () => {
  await using base = await ground();
  await using served = await serve(base, { uploads: { most: 3, patience: 1_500 } });
  const before = await messages(base);
  const stop = new AbortController();
  onTestFinished(() => {
    stop.abort();
  });
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, (_, k) =>
      served.client
        .clientStream(Service.uploadArtefact, stalled(digestOf(Buffer.from(`${k}`)), stop.signal))
        .then(
          () => 'stored',
          (error: unknown) => {
            const { code, message } = UnpairError.from(error);
            return `${code}: ${message}`;
          },
        ),
    ),
  );
  const refused = 'RESOURCE_EXHAUSTED: 3 uploads are open, and no more are taken at a time; try again.';
  expect(outcomes.filter((outcome) => outcome === refused)).toHaveLength(37);
  const ended = outcomes.filter((outcome) => outcome !== refused);
  expect(ended).toEqual(Array(3).fill('DEADLINE_EXCEEDED: The upload was ended: nothing came for 1.5 s.'));
  await eventually(async () => {
    expect(await messages(base)).toBe(before);
  });
  const bytes = Buffer.from('it works again');
  const request = [{ digest: digestOf(bytes), chunk: bytes }];
  expect(await served.client.clientStream(Service.uploadArtefact, request)).toMatchObject({ bytes: 14 });
});

test('where results are at their limit, a submission is refused with when to try again, and nothing is lost', async () => {
  await using base = await ground();
  const topology = { maxResultBytes: 100_000, maxArtefactBytes: 5_000_000 };
  await using served = await serve(base, { topology });
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('before'));
  const manager = await base.connection.jetstreamManager();
  const limits = ['UNPAIR_TASKS', 'UNPAIR_RESULTS', 'OBJ_unpair-artefacts', 'OBJ_unpair-checkpoints'].map(
    async (name) => (await manager.streams.info(name)).config.max_bytes,
  );
  expect(await Promise.all(limits)).toEqual([2 ** 28, 100_000, 5_000_000, 1e9]);
  const js = base.connection.jetstream();
  const publish = (size: number): Promise<unknown> => js.publish('wasted.c-other', Buffer.alloc(size));
  await publish(90_000);
  await expect(publish(20_000)).rejects.toMatchObject({
    api_error: { description: 'maximum bytes exceeded' },
  });
  await publish(9_700);
  const refused = served.client.unary(Service.createCampaign, requestFor('late'));
  const error = await refused.then(
    () => new Error('taken'),
    (reason: unknown) => reason as Error,
  );
  expect(error).toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    retryable: true,
    message:
      'Results take 0.1 MB of the 0.1 MB that they may: delete campaigns, or raise UNPAIR_MAX_RESULT_MEGABYTES.',
  });
  expect(retryDelayIn(error)).toBe(30);
  // Who lowers the limit loses nothing either.
  await ensureTopology(base.connection, { maxResultBytes: 1_000 });
  expect((await manager.streams.info('UNPAIR_RESULTS')).state.messages).toBe(2);
  await eraseMessages(base.connection, { stream: 'UNPAIR_RESULTS', filter: 'wasted.c-other' });
  await ensureTopology(base.connection, topology);
  const { campaign: made } = await served.client.unary(Service.createCampaign, requestFor('late'));
  expect(made?.id).not.toBe(campaign?.id);
});

test('where storage is full, a submission is RESOURCE_EXHAUSTED, and what there was is still there', async () => {
  await using folder = await temporaryFolder();
  const configuration = join(folder.path, 'nats.conf');
  await writeFile(configuration, 'jetstream { max_file_store: 4MB }\n');
  const server = join(folder.path, 'nats-server');
  await writeFile(server, `#!/bin/sh\nexec nats-server -c ${configuration} "$@"\n`, { mode: 0o755 });
  await using nats = await startNatsServer({ directory: join(folder.path, 'nats'), executable: server });
  const logger = createLogger({ service: 'test', level: 'silent' });
  const connection = await connectNats({ url: nats.url, name: 'test', logger });
  onTestFinished(() => connection.close());
  await using served = await serve({ connection, folder } as unknown as Ground, {
    topology: { maxTaskBytes: 1e6 },
  });
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('before'));
  const bytes = Buffer.alloc(6_000_000, 'x');
  const pieces = Array.from({ length: 6 }, (_, k) => ({
    digest: digestOf(bytes),
    chunk: bytes.subarray(k * 1_000_000, (k + 1) * 1_000_000),
  }));
  await expect(served.client.clientStream(Service.uploadArtefact, pieces)).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    retryable: true,
    message: expect.stringMatching(/the NATS server has no storage left\.$/) as string,
  });
  const list = async (): Promise<readonly (string | undefined)[]> => {
    const all = { pageSize: 0, pageToken: '', states: [], labels: {} };
    return (await served.client.unary(Service.listCampaigns, all)).campaigns.map(({ id }) => id);
  };
  // Full to the last record: a campaign is not half made, and is made by the same request once there is room.
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: 'BALLAST', subjects: ['ballast'], discard: DiscardPolicy.New });
  for (const size of [100_000, 1_000])
    while (
      await connection
        .jetstream()
        .publish('ballast', Buffer.alloc(size))
        .then(
          () => true,
          () => false,
        )
    );
  const refused = served.client.unary(Service.createCampaign, requestFor('full'));
  await expect(refused).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryable: true });
  expect(
    retryDelayIn(
      await refused.then(
        () => ({}),
        (error: unknown) => error as Error,
      ),
    ),
  ).toBe(30);
  expect(await list()).toEqual([campaign?.id]);
  await manager.streams.delete('BALLAST');
  const { campaign: made } = await served.client.unary(Service.createCampaign, requestFor('full'));
  expect(await list()).toEqual([made?.id, campaign?.id]);
});
