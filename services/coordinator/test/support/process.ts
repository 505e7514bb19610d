import { RpcClient } from '@unpair/platform';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ground } from './cluster.js';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

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
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', main], {
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
  const address = await told(child, 'standby');
  const leads = told(child, 'ready').then(() => undefined);
  leads.catch(() => undefined);
  return { child, address, client: new RpcClient(address), leads, log: () => log };
}

/** The address in the first message of a type; rejects when the process ends before. */
function told(child: ChildProcess, type: string): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: { readonly type: string; readonly grpc: string }) => {
      if (message.type === type) resolve(message.grpc);
    });
    child.once('exit', (code) => {
      reject(new Error(`It exited with ${code ?? 'a signal'}.`));
    });
  });
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
