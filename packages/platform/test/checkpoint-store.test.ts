import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { TestNatsServer } from '../../../test/kit/index.js';
import {
  CheckpointStore,
  connectNats,
  createLogger,
  ensureTopology,
  restoreTopology,
  type NatsConnection,
  type TopologyOptions,
} from '../src/index.js';

const logger = createLogger({ service: 'test', level: 'silent' });

interface Broker extends AsyncDisposable {
  readonly connection: NatsConnection;
  readonly store: CheckpointStore;
  messages(): Promise<number>;
}

async function broker(topology?: TopologyOptions): Promise<Broker> {
  const server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  if (topology !== undefined) await ensureTopology(connection, topology);
  return {
    connection,
    store: new CheckpointStore(connection),
    messages: async () => {
      const manager = await connection.jetstreamManager();
      return (await manager.streams.info('OBJ_unpair-checkpoints')).state.messages;
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const of = (bytes: Buffer): AsyncIterable<Uint8Array> => Readable.from([bytes]);

test('the newest state of a key is kept, alone, until it is deleted', async () => {
  await using all = await broker({});
  const { store } = all;
  expect(await store.find('key')).toBeUndefined();
  const [first, second, other] = [randomBytes(300_000), randomBytes(400_000), randomBytes(10)];
  expect(await store.put('key', { steps: 100, content: of(first) })).toBe(true);
  expect(await store.put('other', { steps: 7, content: of(other) })).toBe(true);
  expect(await store.put('key', { steps: 150, content: of(second) })).toBe(true);
  expect(await store.find('key')).toEqual({ steps: 150, bytes: 400_000 });
  expect((await collect(store.get('key'))).equals(second)).toBe(true);
  // Another worker that is not as far changes nothing.
  expect(await store.put('key', { steps: 150, content: of(first) })).toBe(false);
  // Four pieces and an entry, and one piece and an entry of the other.
  expect(await all.messages()).toBe(4 + 1 + 1 + 1);
  await store.delete('key');
  await store.delete('key');
  expect(await store.find('key')).toBeUndefined();
  await expect(collect(store.get('key'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await all.messages()).toBe(2);
  expect((await collect(store.get('other'))).equals(other)).toBe(true);
});

test('a bucket that is full refuses what is newer, and keeps what it has', async () => {
  await using all = await broker({ maxCheckpointBytes: 600_000 });
  const { store } = all;
  const content = randomBytes(400_000);
  await store.put('key', { steps: 100, content: of(content) });
  const second = store.put('key', { steps: 150, content: of(randomBytes(400_000)) });
  await expect(second).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  expect(await store.find('key')).toEqual({ steps: 100, bytes: 400_000 });
  expect((await collect(store.get('key'))).equals(content)).toBe(true);
  expect(await all.messages()).toBe(5);
  // A coordinator that is told of another limit changes that of the bucket that is there.
  await ensureTopology(all.connection, { maxCheckpointBytes: 2_000_000 });
  expect(await store.put('key', { steps: 150, content: of(content) })).toBe(true);
});

test('the coordinator makes the bucket, with a limit of age, and makes it again; a worker never does', async () => {
  await using all = await broker();
  const { store, connection } = all;
  await expect(store.find('key')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(store.put('key', { steps: 1, content: of(randomBytes(1)) })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  const manager = await connection.jetstreamManager();
  await expect(manager.streams.info('OBJ_unpair-checkpoints')).rejects.toThrow('stream not found');
  await ensureTopology(connection);
  expect(await store.put('key', { steps: 1, content: of(randomBytes(1)) })).toBe(true);
  const { config } = await manager.streams.info('OBJ_unpair-checkpoints');
  expect(config).toMatchObject({ max_bytes: 1e9, max_age: 7 * 24 * 3_600e9 });
  await manager.streams.delete('OBJ_unpair-checkpoints');
  await restoreTopology(connection, []);
  expect(await store.put('key', { steps: 1, content: of(randomBytes(1)) })).toBe(true);
});

test('a state that lost a piece is told as damaged, and never as whole', async () => {
  await using all = await broker({});
  await all.store.put('key', { steps: 1, content: of(randomBytes(300_000)) });
  const manager = await all.connection.jetstreamManager();
  await manager.streams.deleteMessage('OBJ_unpair-checkpoints', 2);
  await expect(collect(all.store.get('key'))).rejects.toMatchObject({ code: 'DATA_LOSS' });
});

test('a broker without room for the bucket serves all the same, without checkpoints', async () => {
  await using all = await broker();
  await ensureTopology(all.connection, { maxCheckpointBytes: 2 ** 52 });
  await expect(all.store.find('key')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
