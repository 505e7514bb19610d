import fc from 'fast-check';
import { readdir, readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { temporaryFolder, TestNatsServer } from '../../../test/kit/index.js';
import { inPieces } from '../src/artefacts/pieces.js';
import { ArtefactCache, ArtefactStore, connectNats, createLogger, digestOf } from '../src/index.js';

const logger = createLogger({ service: 'test', level: 'silent' });

// eslint-disable-next-line @typescript-eslint/require-await -- an async source of the kind that uploads are
async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('content larger than a message comes back whole; storing it twice keeps one copy', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  const store = await ArtefactStore.open(connection);
  const content = randomBytes(5_000_003);
  const digest = digestOf(content);
  expect(await store.has(digest)).toBe(false);
  const both = [store.put(digest, chunksOf(content, 70_000)), store.put(digest, chunksOf(content, 9_999))];
  expect(await Promise.all(both)).toEqual([content.length, content.length]);
  expect((await collect(store.get(digest))).equals(content)).toBe(true);
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info('OBJ_unpair-artefacts');
  expect(state.messages).toBe(Math.ceil(content.length / (128 * 1024)) + 1);
  await connection.close();
});

test('content with another digest than announced, or cut short, leaves nothing behind', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  const store = await ArtefactStore.open(connection);
  const content = randomBytes(300_000);
  const wrong = digestOf(Buffer.from('something else'));
  await expect(store.put(wrong, chunksOf(content, 1_000))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunksOf(content, 100_000);
    throw new Error('the client went away');
  };
  await expect(store.put(digestOf(content), failing())).rejects.toThrow('the client went away');
  const manager = await connection.jetstreamManager();
  expect((await manager.streams.info('OBJ_unpair-artefacts')).state.messages).toBe(0);
  await expect(collect(store.get(digestOf(content)))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(store.has('../../etc/passwd')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await connection.close();
});

test('the cache fetches once, shares one folder, and never shows a partial file', async () => {
  await using server = await TestNatsServer.start();
  await using folder = await temporaryFolder();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  const store = await ArtefactStore.open(connection);
  const content = randomBytes(400_000);
  const digest = digestOf(content);
  await store.put(digest, chunksOf(content, 50_000));
  const caches = [1, 2].map(() => new ArtefactCache({ store, directory: folder.path }));
  const paths = await Promise.all(caches.flatMap((cache) => [cache.path(digest), cache.path(digest)]));
  expect(new Set(paths).size).toBe(1);
  expect((await readFile(paths[0] ?? '')).equals(content)).toBe(true);
  const missing = digestOf(Buffer.from('missing'));
  await expect(caches[0]?.path(missing)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await readdir(folder.path)).toEqual([digest]);
  await connection.close();
});

test('pieces are of one size, and joined they are the content, however it arrives', async () => {
  const property = fc.asyncProperty(
    fc.uint8Array({ maxLength: 200 }),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 40 }),
    async (bytes, arriving, size) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of inPieces(chunksOf(bytes, arriving), size)) pieces.push(piece);
      expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
      expect(pieces.slice(0, -1).every((piece) => piece.length === size)).toBe(true);
      expect(pieces.every((piece) => piece.length > 0)).toBe(true);
    },
  );
  await fc.assert(property);
});

test('a cache keeps within its bounds: what was asked for longest ago goes first', async () => {
  await using folder = await temporaryFolder();
  const contents = Array.from({ length: 6 }, (_, k) => Buffer.alloc(1_000, `${k}`));
  const store = {
    // eslint-disable-next-line @typescript-eslint/require-await -- as a store gives them
    async *get(digest: string) {
      yield contents.find((content) => digestOf(content) === digest) ?? Buffer.alloc(0);
    },
  } as unknown as ArtefactStore;
  const cache = new ArtefactCache({ store, directory: folder.path, maxBytes: 3_500, grace: 0 });
  const [first = Buffer.alloc(0)] = contents;
  for (const content of contents) {
    await cache.path(digestOf(content));
    await sleep(20);
    await cache.path(digestOf(first));
    await sleep(20);
  }
  const kept = [first, ...contents.slice(-2)].map(digestOf);
  expect((await readdir(folder.path)).sort()).toEqual(kept.sort());
});

test('the bucket is asked for by settings that JetStream knows: newer servers refuse others', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  const asked: Record<string, unknown>[] = [];
  connection.subscribe('$JS.API.STREAM.CREATE.OBJ_unpair-artefacts', {
    callback: (_, message) => asked.push(message.json()),
  });
  await ArtefactStore.open(connection, { replicas: 1 });
  await connection.flush();
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ num_replicas: 1, storage: 'file' });
  expect(asked[0]).not.toHaveProperty('replicas');
  await connection.close();
});
