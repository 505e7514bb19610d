import { expect, test } from 'vitest';
import { TestNatsServer } from '../../../test/kit/index.js';
import { Bucket, connectNats, createLogger } from '../src/index.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const bytes = (text: string): Buffer => Buffer.from(text);

async function openBucket(url: string): Promise<{ bucket: Bucket; close: () => Promise<void> }> {
  const connection = await connectNats({ url, name: 'test', logger });
  const bucket = await Bucket.open(connection, { name: 'letters', what: 'letters' });
  return { bucket, close: () => connection.close() };
}

test('a key is created once, replaced at will, and outlives its process', async () => {
  await using server = await TestNatsServer.start();
  const first = await openBucket(server.url);
  expect(await first.bucket.get('a')).toBeUndefined();
  expect(await first.bucket.create('a', bytes('one'))).toBe(true);
  expect(await first.bucket.create('a', bytes('two'))).toBe(false);
  await first.close();
  const second = await openBucket(server.url);
  expect(await second.bucket.get('a')).toEqual(bytes('one'));
  await second.bucket.put('a', bytes('three'));
  expect(await second.bucket.get('a')).toEqual(bytes('three'));
  await second.close();
});

test.each([0, 1, 3, 100])('of %i keys every one is listed, whatever is asked meanwhile', async (count) => {
  await using server = await TestNatsServer.start();
  const { bucket, close } = await openBucket(server.url);
  const keys = Array.from({ length: count }, (_, index) => `k${String(index).padStart(3, '0')}`);
  for (const key of keys) await bucket.create(key, bytes(key));
  const found: string[] = [];
  for (const key of await bucket.keys()) {
    expect(await bucket.get(key)).toEqual(bytes(key));
    found.push(key);
  }
  expect(found.sort()).toEqual(keys);
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
