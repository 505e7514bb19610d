import { mkdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';

import { securitySettings } from '@unpair/platform';
import { CampaignClient } from '../client/campaign-client.js';
import { startBroker } from './broker.js';
import { CloseStack } from './close-stack.js';
import { lockFolder } from './folder-lock.js';
import { freePort } from './free-port.js';
import { checkNatsServer } from './nats-version.js';
import { Reaper } from './reaper.js';
import type { ServiceOptions } from './service-process.js';
import { ServiceProcess } from './service-process.js';

export interface LocalClusterOptions {
  /** Holds streams, result store, model cache and logs: what a later run resumes from. */
  readonly stateDir: string;
  readonly workers: number;
  /** Ports of the coordinator on the loopback interface; any that are free, where none are named. */
  readonly ports?: { readonly grpc: number; readonly metrics: number };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Told what happened that the user did not ask for. */
  readonly note: (text: string) => void;
}

/** A cluster on this machine: nats-server, coordinator and workers, each a process on the loopback interface. */
export interface LocalCluster extends AsyncDisposable {
  /** The coordinator's `host:port`. */
  readonly server: string;
  /** Aborts, with the reason, when a part of the cluster is lost for good. */
  readonly lost: AbortSignal;
}

/** How long a service may take to hand back its work when asked to stop. */
const GRACE_MS = 15_000;
const DRAIN_SECONDS = 8;

/**
 * Starts a cluster on `stateDir`. Disposing drains it: workers hand back what they hold, streams stay. Should this
 * process die instead, its children are ended all the same.
 * @throws {UnpairError} one sentence: nats-server missing or too old, folder in use, a service that does not start.
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  await checkNatsServer();
  await mkdir(options.stateDir, { recursive: true });
  const stack = new CloseStack();
  try {
    stack.use(await lockFolder(options.stateDir));
    return await startAll(options, stack);
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

async function startAll(options: LocalClusterOptions, stack: CloseStack): Promise<LocalCluster> {
  const { stateDir, signal } = options;
  const lost = new AbortController();
  const onFailure = (error: Error): void => {
    lost.abort(error);
  };
  const reaper = stack.use(new Reaper());
  const broker = stack.use(
    await startBroker({ directory: join(stateDir, 'nats'), reaper, signal, onFailure }),
  );
  const server = `127.0.0.1:${options.ports?.grpc ?? (await freePort())}`;
  const shared = { natsUrl: broker.url, reaper, onFailure };
  const start = (service: Service): Promise<ServiceProcess> =>
    ServiceProcess.start(serviceOptions(options, shared, service));
  stack.use(await start(coordinator(options, server)));
  stack.use(together(await Promise.all(workers(options).map(start))));
  await awaitCoordinator(server, AbortSignal.any([signal, lost.signal]));
  return { server, lost: lost.signal, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}

/** Closes resources at the same time. */
function together(resources: readonly AsyncDisposable[]): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(resources.map((resource) => resource[Symbol.asyncDispose]()));
    },
  };
}

/** What distinguishes one service from the others. */
interface Service {
  readonly name: string;
  /** Module of the package that is its program. */
  readonly program: string;
  readonly settings: Readonly<Record<string, string>>;
}

function coordinator({ stateDir, ports }: LocalClusterOptions, server: string): Service {
  return {
    name: 'coordinator',
    program: '@unpair/coordinator/main',
    settings: {
      UNPAIR_GRPC_ADDRESS: server,
      UNPAIR_METRICS_ADDRESS: `127.0.0.1:${ports?.metrics ?? 0}`,
      UNPAIR_DATABASE: join(stateDir, 'results.duckdb'),
      // No load balancer has to notice that it is going.
      UNPAIR_DRAIN_NOTICE_SECONDS: '0',
    },
  };
}

function workers({ stateDir, environment, workers: count }: LocalClusterOptions): readonly Service[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `worker-${index + 1}`,
    program: '@unpair/worker/main',
    settings: {
      UNPAIR_WORKER_ID: `worker-${index + 1}`,
      UNPAIR_GRPC_ADDRESS: '127.0.0.1:0',
      UNPAIR_CACHE_DIR: join(stateDir, 'cache'),
      UNPAIR_DRAIN_SECONDS: `${DRAIN_SECONDS}`,
      // Who writes the campaign file runs the workers.
      UNPAIR_ENDPOINTS: environment['UNPAIR_ENDPOINTS'] ?? 'any',
      // They share this machine.
      UNPAIR_MEMORY_LIMIT: `${Math.max(256, Math.floor((0.8 * memory()) / 2 ** 20 / count))}`,
    },
  }));
}

function serviceOptions(
  { stateDir, environment, note }: LocalClusterOptions,
  { natsUrl, ...shared }: Pick<ServiceOptions, 'reaper' | 'onFailure'> & { readonly natsUrl: string },
  { name, program, settings }: Service,
): ServiceOptions {
  return {
    ...shared,
    name,
    entry: import.meta.resolve(program),
    environment: {
      ...environment,
      // What services elsewhere are secured with is not for these, which nobody beyond this machine reaches.
      ...Object.fromEntries(Object.values(securitySettings).map(({ variable }) => [variable, ''])),
      UNPAIR_NATS_URL: natsUrl,
      UNPAIR_METRICS_ADDRESS: '127.0.0.1:0',
      ...settings,
    },
    logFile: join(stateDir, `${name}.log`),
    graceMs: GRACE_MS,
    onRestart: note,
  };
}

/** Bytes that this process and its children may have. */
function memory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

/** Resolves once the coordinator answers. */
async function awaitCoordinator(server: string, signal: AbortSignal): Promise<void> {
  using client = new CampaignClient(server);
  try {
    await client.awaitReady(signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
