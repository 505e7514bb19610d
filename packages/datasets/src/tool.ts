import { spawn } from 'node:child_process';

import { UnpairError } from '@unpair/errors';
import { systemCode } from '@unpair/files';

export interface ToolOptions {
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  /** What to do about a missing tool, said after "NAME was not found". */
  readonly remedy: string;
}

/**
 * Runs a program of the user's machine to its end and returns what it printed.
 * @throws {UnpairError} FAILED_PRECONDITION when it is missing, UNAVAILABLE with its last words when it fails.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  { cwd, signal, remedy }: ToolOptions,
): Promise<string> {
  signal?.throwIfAborted();
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new UnpairError('FAILED_PRECONDITION', `${program} was not found: ${remedy}`, { cause: error });
  });
  if (status === 0) return stdout;
  throw new UnpairError('UNAVAILABLE', `${program} ${args[0] ?? ''} failed: ${lastWords(stderr)}`);
}

/** The first line that says what went wrong; clients print advice and log file names after it. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const said = lines
    .filter((line) => /^(npm (error|ERR!)|E:)/.test(line))
    .map((line) => line.replace(/^(npm (error|ERR!)|E:)\s*/, ''));
  return said.find((line) => !/^(code|errno|syscall)\b/.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}
