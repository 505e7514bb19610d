import { spawn } from 'node:child_process';
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

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

/** Starts `unpair` from its sources, as a process of its own. */
export function startCli(
  args: readonly string[],
  { env = {}, cwd }: CliOptions = {},
): ReturnType<typeof spawn> {
  return spawn(process.execPath, ['--conditions=source', '--import', TSX, MAIN, ...args], {
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
 * @throws what it said on standard error when it was not
 */
export async function runOk(args: readonly string[], options: CliOptions = {}): Promise<Finished> {
  const finished = await runCli(args, options);
  const { exitCode, stderr } = finished;
  if (exitCode !== 0) throw new Error(`unpair ${args.join(' ')} exited with ${String(exitCode)}: ${stderr}`);
  return finished;
}
