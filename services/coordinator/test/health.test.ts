import { createLogger, Lifecycle, systemClock } from '@unpair/platform';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, temporaryFolder, TestNatsServer } from '../../../test/kit/index.js';
import { readConfiguration } from '../src/configuration.js';
import { startService } from '../src/service.js';

test('a coordinator whose broker is away is not healthy, over HTTP too', async () => {
  await using nats = await TestNatsServer.start();
  await using folder = await temporaryFolder();
  const logger = createLogger({ service: 'test', level: 'silent' });
  const lifecycle = new Lifecycle({ logger, clock: systemClock, deadline: 10_000 });
  const configuration = readConfiguration({
    UNPAIR_NATS_URL: nats.url,
    UNPAIR_GRPC_ADDRESS: '127.0.0.1:0',
    UNPAIR_METRICS_ADDRESS: '127.0.0.1:0',
    UNPAIR_DATABASE: join(folder.path, 'results.duckdb'),
    UNPAIR_DRAIN_NOTICE_SECONDS: '0',
  });
  const versions = { unpair: 'test' };
  const { metrics, finished } = await startService({
    configuration,
    lifecycle,
    versions,
    clock: systemClock,
    logger,
  });
  finished.catch(() => undefined);
  const health = async (): Promise<number> => (await fetch(`http://${metrics}/healthz`)).status;
  expect(await health()).toBe(200);
  await nats.kill();
  await eventually(async () => {
    expect(await health()).toBe(503);
  });
  await nats.restart();
  await eventually(async () => {
    expect(await health()).toBe(200);
  });
  await lifecycle.stop();
});
