import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a finished command left behind. */
export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** Starts `unpair` as a process of its own. */
export function startCli(
  args: readonly string[],
  { env = {}, cwd }: CliOptions = {},
): ReturnType<typeof spawn> {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, UNPAIR_SERVER: '', ...env },
    ...(cwd !== undefined && { cwd }),
  });
}

/** Runs `unpair` to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<Finished> {
  const child = startCli(args, options);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, ...output };
}

/**
 * Runs `unpair` to its end, which must be a good one.
 * @throws what it said on standard error when it was not, and what its local cluster did in its logs
 */
export async function runOk(args: readonly string[], options: CliOptions = {}): Promise<Finished> {
  const finished = await runCli(args, options);
  const { exitCode, stderr } = finished;
  if (exitCode === 0) return finished;
  const logs = await ownLogs(args, options);
  throw new Error(
    `unpair ${args.join(' ')} exited with ${String(exitCode)}: ${[stderr, ...logs].join('\n')}`,
  );
}

/** The ends of the logs of a local cluster: its folder is gone by the time that anyone reads of the failure. */
async function ownLogs(args: readonly string[], { cwd = '.' }: CliOptions): Promise<readonly string[]> {
  const position = args.indexOf('--out');
  const out = position < 0 ? undefined : args[position + 1];
  if (out === undefined) return [];
  const state = resolve(cwd, out, '.state');
  const names = await readdir(state).catch(() => undefined);
  if (names === undefined) return [];
  const logs = names.filter((name) => name.endsWith('.log')).concat(join('nats', 'nats-server.log'));
  return Promise.all(logs.map((name) => tail(join(state, name))));
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return [`${file}:`, ...text.trimEnd().split('\n').slice(-10)].join('\n');
}
