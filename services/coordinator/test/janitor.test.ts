import { createLogger, digestOf, systemClock, WorkQueue, type Clock } from '@unpair/platform';
import { CampaignServiceService as Service, CampaignState } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { Janitor, type JanitorOptions } from '../src/janitor.js';
import { derivedDigest, requestFor } from './support/campaign-file.js';
import { ground, serve, type Served } from './support/cluster.js';
import { beThere, work } from './support/synthetic-worker.js';

const logger = createLogger({ service: 'test', level: 'silent' });

/** A clock that a test moves on. */
class MovedClock implements Clock {
  #moved = 0;

  seconds(): number {
    return systemClock.seconds() + this.#moved;
  }

  now(): Date {
    return new Date(Date.now() + this.#moved * 1_000);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(milliseconds, signal);
  }

  move(seconds: number): void {
    this.#moved += seconds;
  }
}

const never = (): Promise<void> => Promise.reject(new Error('no queue is deleted here'));

function janitorOf(
  { coordinator }: Served,
  clock: Clock,
  retentionDays = 0,
  more: Partial<JanitorOptions> = {},
): Janitor {
  const { book, store, artefacts, erasure } = coordinator;
  const queues = { depths: () => Promise.resolve(new Map()), isServed: () => true, drop: never };
  return new Janitor({
    ...{ book, store, artefacts, erasure, queues, retentionDays, clock, logger },
    ...{ isLeading: () => true, retentionBytes: 0, resultBytes: () => Promise.resolve(0), ...more },
  });
}

async function put({ coordinator }: Served, text: string): Promise<string> {
  const bytes = Buffer.from(text);
  // eslint-disable-next-line @typescript-eslint/require-await -- an async source of the kind that uploads are
  const source = async function* (): AsyncGenerator<Buffer> {
    yield bytes;
  };
  await coordinator.artefacts.put(digestOf(bytes), source());
  return digestOf(bytes);
}

test('artefacts that no campaign refers to are deleted an hour after, unless someone asks for them', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client, coordinator } = served;
  const { artefacts } = coordinator;
  const request = requestFor('kept');
  const { campaign } = await client.unary(Service.createCampaign, request);
  const id = campaign?.id ?? '';
  expect(await put(served, 'derived')).toBe(derivedDigest);
  const stop = new AbortController();
  const working = work({ connection: base.connection }, stop.signal);
  await eventually(async () => {
    const found = await client.unary(Service.getCampaign, { id });
    expect(found.campaign?.state).toBe(CampaignState.SUCCEEDED);
  });
  stop.abort();
  await working;
  const [left, asked] = [await put(served, 'left over'), await put(served, 'asked for')];
  await base.connection.jetstream().publish('$O.unpair-artefacts.C.cutoff', 'a piece');
  const clock = new MovedClock();
  const janitor = janitorOf(served, clock);
  await janitor.look();
  clock.move(3_000);
  await janitor.look();
  janitor.touch([asked]);
  clock.move(700);
  await janitor.look();
  const needed = [request.samples, request.calibration, ...Object.values(request.models), derivedDigest];
  const has = (digests: readonly string[]) => Promise.all(digests.map((digest) => artefacts.has(digest)));
  expect(await has([left, asked, ...needed])).toEqual([false, true, ...needed.map(() => true)]);
  expect((await artefacts.contents()).uploads).toEqual([]);
  await client.unary(Service.deleteCampaign, { id });
  await janitor.look();
  clock.move(3_700);
  await janitor.look();
  expect((await artefacts.contents()).digests).toEqual([]);
  const manager = await base.connection.jetstreamManager();
  expect((await manager.streams.info('OBJ_unpair-artefacts')).state.messages).toBe(0);
});

test('campaigns are deleted so many days after their end, where that is set', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const { client } = served;
  const [old, running] = await Promise.all(
    ['old', 'running'].map((name) => client.unary(Service.createCampaign, requestFor(name))),
  );
  await client.unary(Service.cancelCampaign, { id: old?.campaign?.id ?? '' });
  const list = async () =>
    (
      await client.unary(Service.listCampaigns, { pageSize: 0, pageToken: '', states: [], labels: {} })
    ).campaigns.map(({ id }) => id);
  const clock = new MovedClock();
  clock.move(8 * 86_400);
  await janitorOf(served, clock).look();
  await janitorOf(served, clock, 9).look();
  expect(await list()).toHaveLength(2);
  await janitorOf(served, clock, 7).look();
  expect(await list()).toEqual([running?.campaign?.id]);
});

test('where results are beyond their limit, campaigns go that ended longest ago, and no more than needed', async () => {
  await using base = await ground();
  await using served = await serve(base);
  const ids: string[] = [];
  for (const name of ['first', 'second', 'third', 'running']) {
    const { campaign } = await served.client.unary(Service.createCampaign, requestFor(name));
    ids.push(campaign?.id ?? '');
    if (name === 'running') break;
    await served.client.unary(Service.cancelCampaign, { id: campaign?.id ?? '' });
  }
  const left = (): readonly string[] => ids.filter((id) => served.coordinator.book.find(id) !== undefined);
  const resultBytes = () => Promise.resolve(100 * left().length);
  await janitorOf(served, new MovedClock(), 0, { retentionBytes: 400, resultBytes }).look();
  expect(left()).toEqual(ids);
  await janitorOf(served, new MovedClock(), 0, { retentionBytes: 250, resultBytes }).look();
  expect(left()).toEqual(ids.slice(2));
  await janitorOf(served, new MovedClock(), 0, { retentionBytes: 1, resultBytes }).look();
  expect(left()).toEqual(ids.slice(3));
});

test('empty queues that no worker serves are deleted an hour after, and made again when one comes', async () => {
  await using base = await ground({ slots: 0 });
  const clock = new MovedClock();
  await using served = await serve(base, { clock });
  const { coordinator } = served;
  const queues = async (): Promise<readonly string[]> =>
    [...(await new WorkQueue(base.connection).depths()).keys()].sort();
  const kinds = ['measure'];
  const present = (worker: string) => beThere(base.connection, { worker, engine: worker, kinds });
  const [gone, full] = [present('gone'), present('full')];
  using here = present('here');
  expect(here).toBeDefined();
  const all = ['any_full_measure', 'any_gone_measure', 'any_here_measure'];
  await eventually(async () => {
    expect(await queues()).toEqual(all);
  });
  await base.connection.jetstream().publish('tasks.any_full_measure.c-1.0', 'waits');
  for (const worker of [gone, full]) {
    await worker.report({ leaving: true });
    worker[Symbol.dispose]();
  }
  await coordinator.janitor.look();
  clock.move(3_000);
  await here.report({});
  await coordinator.janitor.look();
  expect(await queues()).toEqual(all);
  clock.move(700);
  await here.report({});
  await coordinator.janitor.look();
  expect(await queues()).toEqual(['any_full_measure', 'any_here_measure']);
  using back = present('gone');
  expect(back).toBeDefined();
  await eventually(async () => {
    expect(await queues()).toEqual(all);
  });
});
