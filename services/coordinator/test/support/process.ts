import { RpcClient } from '@unpair/platform';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ground } from './cluster.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface ProcessOptions {
  /** Tasks that it keeps in the queue. */
  readonly window?: number;
  /** Name of its result store in the test's folder. */
  readonly database?: string;
}

/** The coordinator as the real process, for signals. */
export interface CoordinatorProcess {
  readonly child: ChildProcess;
  readonly address: string;
  /** Of its metrics and `/healthz`. */
  readonly metrics: string;
  readonly client: RpcClient;
  /** Resolves once it leads. */
  readonly leads: Promise<void>;
  /** What it has logged so far. */
  readonly log: () => string;
}

/** Starts a coordinator, and waits until it serves, leading or not. */
export async function startProcess(
  { nats, folder }: Ground,
  { window = 4, database = 'results.duckdb' }: ProcessOptions = {},
): Promise<CoordinatorProcess> {
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      ...process.env,
      UNPAIR_NATS_URL: nats.url,
      UNPAIR_GRPC_ADDRESS: '127.0.0.1:0',
      UNPAIR_METRICS_ADDRESS: '127.0.0.1:0',
      UNPAIR_DATABASE: join(folder.path, database),
      UNPAIR_WINDOW: String(window),
      UNPAIR_DRAIN_NOTICE_SECONDS: '0',
    },
  });
  let log = '';
  child.stdout?.on('data', (text: Buffer) => (log += text.toString()));
  const { grpc: address, metrics } = await told(child, 'standby');
  const leads = told(child, 'ready').then(() => undefined);
  leads.catch(() => undefined);
  return { child, address, metrics, client: new RpcClient(address), leads, log: () => log };
}

interface Told {
  readonly type: string;
  readonly grpc: string;
  readonly metrics: string;
}

/** The addresses in the first message of a type; rejects when the process ends before. */
function told(child: ChildProcess, type: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: Told) => {
      if (message.type === type) resolve(message);
    });
    child.once('exit', (code) => {
      reject(new Error(`It exited with ${code ?? 'a signal'}.`));
    });
  });
}

/** What health checks of a coordinator are told. */
export async function health(address: string): Promise<string> {
  using client = new RpcClient(address);
  const method = {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: () => Buffer.alloc(0),
    responseDeserialize: (bytes: Buffer) => (bytes[1] === 1 ? 'SERVING' : 'NOT_SERVING'),
  } as const;
  return await client.unary(method, undefined);
}

/** Ends it by a signal. @returns its exit code */
export async function endProcess(
  { child, client }: Pick<CoordinatorProcess, 'child' | 'client'>,
  signal: NodeJS.Signals,
): Promise<number | null> {
  client[Symbol.dispose]();
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await exited)[0];
}
