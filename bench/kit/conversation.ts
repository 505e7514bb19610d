import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that answers each line with one line of JSON. */
export interface Conversation {
  /** Sends a line and waits for the answer, or with nothing to send for a greeting; undefined once it has ended. */
  ask(line?: string): Promise<unknown>;
  /** Sends no more, and waits for the end. */
  end(): Promise<void>;
}

/**
 * Starts a program to talk with, such as a Python script; one that cannot be started answers undefined.
 * @param errors whether what it says on standard error is shown
 */
export function converse(command: string, args: readonly string[], errors = false): Conversation {
  const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', errors ? 'inherit' : 'ignore'] });
  return { ask: asking(child), end: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null && child.pid !== undefined) {
    await new Promise((resolve) => child.once('exit', resolve));
  }
}

function asking(child: ChildProcess): Conversation['ask'] {
  child.on('error', () => undefined);
  if (child.stdout === null) return () => Promise.resolve(undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (line) => {
    if (line !== undefined) child.stdin?.write(`${line}\n`);
    const next: IteratorResult<string, unknown> = await lines.next();
    return next.done === true ? undefined : (JSON.parse(next.value) as unknown);
  };
}
