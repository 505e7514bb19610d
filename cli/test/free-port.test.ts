import { once } from 'node:events';
import { createServer } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { freePort } from '../src/local/free-port.js';

/** Takes a port of the loopback interface until the test ends. */
async function take(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
}

test('a free port can be listened on, and is none that an outgoing connection may get', async () => {
  for (let round = 0; round < 20; round++) {
    const port = await freePort();
    expect(port).toBeGreaterThan(1_023);
    expect(port).toBeLessThan(32_768);
    await take(port);
  }
});

test('a port in use is passed over, and said to be in use when there is no other', async () => {
  const taken = await freePort();
  await take(taken);
  expect(await freePort([taken, taken + 1])).toBe(taken + 1);
  await expect(freePort([taken, taken])).rejects.toThrow('EADDRINUSE');
});
