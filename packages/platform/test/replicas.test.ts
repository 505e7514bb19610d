import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, temporaryFolder } from '../../../test/kit/index.js';
import { ArtefactStore, Bucket, connectNats, createLogger, startNatsServer } from '../src/index.js';

const logger = createLogger({ service: 'test', level: 'silent' });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Three servers that keep streams together. @returns the URL of one */
async function cluster(folder: string): Promise<string> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(',');
  const servers = await Promise.all(
    ports.map(async (port, k) => {
      const executable = join(folder, `nats-server-${k}`);
      const flags = `-n s${k} --cluster_name c --cluster nats://127.0.0.1:${port} --routes ${routes}`;
      await writeFile(executable, `#!/bin/sh\nexec nats-server ${flags} "$@"\n`, { mode: 0o755 });
      return startNatsServer({ directory: join(folder, `${k}`), executable });
    }),
  );
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  });
  return servers[0]?.url ?? '';
}

test('a bucket that a worker has opened first gets the copies that the coordinator asks for', async () => {
  await using folder = await temporaryFolder();
  const connection = await connectNats({ url: await cluster(folder.path), name: 'test', logger });
  onTestFinished(() => connection.close());
  await eventually(() => ArtefactStore.open(connection), 60);
  await Bucket.open(connection, { name: 'letters', what: 'letters' });
  const manager = await connection.jetstreamManager();
  const copies = async (stream: string) => (await manager.streams.info(stream)).config.num_replicas;
  expect(await copies('OBJ_unpair-artefacts')).toBe(1);
  await eventually(() => ArtefactStore.open(connection, { replicas: 3 }), 60);
  await eventually(() => Bucket.open(connection, { name: 'letters', what: 'letters', replicas: 3 }), 60);
  await ArtefactStore.open(connection);
  expect(await copies('OBJ_unpair-artefacts')).toBe(3);
  expect(await copies('KV_letters')).toBe(3);
});
