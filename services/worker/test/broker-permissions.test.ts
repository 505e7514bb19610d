import { connectNats, createLogger, startNatsServer } from '@unpair/platform';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CommandLine } from '../../../test/kit/command-line.js';
import { temporaryFolder } from '../../../test/kit/index.js';
import { writeTinyCampaign } from '../../../test/kit/tiny-campaign.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const settings = join(root, 'deploy/nats/permissions.conf');
const passwords = { UNPAIR_COORDINATOR_PASSWORD: 'of-coordinators', UNPAIR_WORKER_PASSWORD: 'of-workers' };

/** A service as its process, which tells over IPC once it serves. */
async function start(
  service: string,
  environment: Record<string, string>,
): Promise<[ChildProcess, { grpc: string }]> {
  const main = join(root, 'services', service, 'dist/main.js');
  const env = {
    ...process.env,
    UNPAIR_METRICS_ADDRESS: '127.0.0.1:0',
    UNPAIR_GRPC_ADDRESS: '127.0.0.1:0',
    ...environment,
  };
  const child = spawn(process.execPath, [main], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env });
  for (;;) {
    const [told] = (await once(child, 'message')) as [{ type: string; grpc: string }];
    if (told.type === 'ready') return [child, told];
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

test('with deploy/nats/permissions.conf a campaign is computed, and a worker can do no more than that takes', async () => {
  await using folder = await temporaryFolder();
  Object.assign(process.env, passwords);
  await using nats = await startNatsServer({ directory: join(folder.path, 'nats'), settings });
  const url = (user: 'coordinator' | 'worker'): string => `nats://${user}:of-${user}s@127.0.0.1:${nats.port}`;
  const children: ChildProcess[] = [];
  try {
    const [coordinator, { grpc }] = await start('coordinator', {
      ...{ UNPAIR_NATS_URL: url('coordinator'), UNPAIR_DRAIN_NOTICE_SECONDS: '0' },
      UNPAIR_DATABASE: join(folder.path, 'results.duckdb'),
    });
    children.push(coordinator);
    const [worker] = await start('worker', {
      ...{
        UNPAIR_NATS_URL: url('worker'),
        UNPAIR_CACHE_DIR: join(folder.path, 'cache'),
        UNPAIR_WORKER_ID: 'worker',
      },
      UNPAIR_CHECKPOINT_SECONDS: '1',
    });
    children.push(worker);
    const file = await writeTinyCampaign(folder.path, { samples: 20, shardSize: 10, budget: 20 });
    const text = await readFile(file, 'utf8');
    const tuned =
      'tuned: { prune: { of: full, sparsity: 0.5, finetune: { epochs: 400, batch: 4, samples: 20 } } }';
    await writeFile(file, text.replace('  stranger:', `  ${tuned}\n  stranger:`));
    const unpair = new CommandLine(['run', file, '--server', grpc, '--out', join(folder.path, 'out')]);
    await unpair.exit();
    expect(unpair.output).toContain('0 dead letters');
  } finally {
    for (const child of children.reverse()) await end(child);
  }
  const log = (): Promise<string> => readFile(join(folder.path, 'nats', 'nats-server.log'), 'utf8');
  expect((await log()).split('\n').filter((line) => line.includes('Violation'))).toEqual([]);

  const connection = await connectNats({
    url: url('worker'),
    name: 'intruder',
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
  const js = await connection.jetstreamManager();
  for (const attempt of [
    () => js.streams.delete('UNPAIR_RESULTS'),
    () => js.streams.purge('UNPAIR_TASKS'),
    () => js.streams.update('UNPAIR_TASKS', { max_bytes: 1 }),
    () => js.consumers.add('UNPAIR_RESULTS', { durable_name: 'spy' }),
    () => js.streams.getMessage('KV_unpair-campaigns', { seq: 1 }),
    () => connection.jetstream().publish('$KV.unpair-campaigns.c-1', 'mine'),
    () => connection.jetstream().publish('$KV.unpair-leader.leader', 'mine'),
  ])
    await expect(attempt()).rejects.toThrow(/permissions violation/i);
  await connection.close();
});
