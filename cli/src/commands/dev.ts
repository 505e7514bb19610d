import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

import type { Command } from 'commander';
import { UnpairError } from '@unpair/errors';

import type { CommandContext } from '../context.js';
import { whyTaken } from '../local/free-port.js';
import { startLocalCluster } from '../local/local-cluster.js';
import type { DeviceOptions } from './device-options.js';
import { addDeviceOptions, requestedDevice } from './device-options.js';
import { wholeNumber } from './whole-number.js';

interface DevOptions extends DeviceOptions {
  readonly workers: number;
  readonly port: number;
  readonly metricsPort: number;
  readonly dir: string;
}

const PORT = wholeNumber(1, 65_535);

/** `unpair dev`. */
export function addDevCommand(program: Command, context: CommandContext): void {
  addDeviceOptions(program.command('dev'))
    .description('a cluster on this machine until Ctrl-C: nats-server, coordinator, workers')
    .option('--workers <n>', 'worker processes', wholeNumber(1, 256), availableParallelism())
    .option('--port <n>', 'of the coordinator, for commands and clients', PORT, 50_051)
    .option('--metrics-port <n>', 'of its metrics and probes', PORT, 9_464)
    .option('--dir <dir>', 'its state, with which the next one goes on', join('.unpair', 'dev'))
    .action((options: DevOptions) => runDev(options, context));
}

async function runDev(options: DevOptions, { terminal, environment, signal }: CommandContext): Promise<void> {
  const { port, metricsPort, workers } = options;
  const dir = resolve(options.dir);
  await assertFree('--port', port);
  await assertFree('--metrics-port', metricsPort);
  const { runtime, device } = requestedDevice(options, environment);
  await using cluster = await startLocalCluster({
    ...{ stateDir: dir, workers, signal, note: terminal.note },
    ports: { grpc: port, metrics: metricsPort },
    environment: { ...environment, UNPAIR_RUNTIME: runtime, UNPAIR_DEVICE: device },
  });
  terminal.print(
    [
      `coordinator  ${cluster.server}, which commands find by themselves${port === 50_051 ? '' : ` with UNPAIR_SERVER=${cluster.server}`}`,
      `metrics      http://127.0.0.1:${metricsPort}/metrics`,
      `workers      ${workers}`,
      `logs, state  ${dir}`,
      `try          unpair run FILE --server ${cluster.server}`,
      'Ctrl-C ends it; what runs goes on with the next "unpair dev".',
    ].join('\n'),
  );
  const end = AbortSignal.any([signal, cluster.lost]);
  if (!end.aborted) await once(end, 'abort');
  cluster.lost.throwIfAborted();
  terminal.note('stopping: workers hand back what they hold');
}

async function assertFree(option: string, port: number): Promise<void> {
  const taken = await whyTaken(port);
  if (taken === undefined) return;
  throw new UnpairError('INVALID_ARGUMENT', `${option} must be a free port, got ${port}: ${taken.message}`);
}
