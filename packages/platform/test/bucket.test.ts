import { expect, test } from 'vitest';
import { TestNatsServer } from '../../../test/kit/index.js';
import { Bucket, connectNats, createLogger } from '../src/index.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const bytes = (text: string): Buffer => Buffer.from(text);

/** What key a holds, of which revision. */
async function textOf(bucket: Bucket): Promise<readonly [string, number | undefined]> {
  const entry = await bucket.get('a');
  return [Buffer.from(entry?.value ?? []).toString(), entry?.revision];
}

async function openBucket(url: string): Promise<{ bucket: Bucket; close: () => Promise<void> }> {
  const connection = await connectNats({ url, name: 'test', logger });
  const bucket = await Bucket.open(connection, { name: 'letters', what: 'letters' });
  return { bucket, close: () => connection.close() };
}

test('a key is created once, replaced by who knows its revision, and outlives its process', async () => {
  await using server = await TestNatsServer.start();
  const first = await openBucket(server.url);
  expect(await first.bucket.get('a')).toBeUndefined();
  const revision = await first.bucket.create('a', bytes('one'));
  expect(revision).toBeGreaterThan(0);
  expect(await first.bucket.create('a', bytes('two'))).toBeUndefined();
  await first.close();
  const second = await openBucket(server.url);
  expect(await textOf(second.bucket)).toEqual(['one', revision]);
  const next = await second.bucket.replace('a', bytes('three'), revision ?? 0);
  expect(await second.bucket.replace('a', bytes('four'), revision ?? 0)).toBeUndefined();
  expect(await textOf(second.bucket)).toEqual(['three', next]);
  await second.bucket.remove('a');
  expect(await second.bucket.get('a')).toBeUndefined();
  expect(await second.bucket.create('a', bytes('five'))).toBeGreaterThan(next ?? 0);
  await second.close();
});

test.each([0, 1, 3, 100, 1_000])('of %i keys every one is listed with what it holds', async (count) => {
  await using server = await TestNatsServer.start();
  const { bucket, close } = await openBucket(server.url);
  const keys = Array.from({ length: count }, (_, index) => `k${String(index).padStart(4, '0')}`);
  await Promise.all(keys.map((key) => bucket.create(key, bytes(key))));
  await bucket.create('gone', bytes('gone'));
  await bucket.remove('gone');
  const entries = await bucket.entries();
  expect([...entries.keys()].sort()).toEqual(keys);
  for (const [key, { value }] of entries) expect(Buffer.from(value)).toEqual(bytes(key));
  await close();
});

test('a bucket that cannot be reached is an error that says so and is worth another try', async () => {
  await using server = await TestNatsServer.start();
  const { bucket, close } = await openBucket(server.url);
  await close();
  await expect(bucket.get('a')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    retryable: true,
    message: 'Could not read a of the letters: the NATS server does not answer.',
  });
});
