import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));

/** One run of the built `unpair` command, as a user starts it. */
export class CommandLine {
  readonly process: ChildProcess;
  #output = '';

  constructor(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.process = spawn(process.execPath, [entry, ...words], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (text: Buffer) => (this.#output += text.toString()));
    }
  }

  /** Everything printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Waits for the end. @throws Error with the output unless the exit code is `expected`. */
  async exit(expected = 0): Promise<string> {
    if (this.process.exitCode === null) await once(this.process, 'close');
    if (this.process.exitCode !== expected) {
      throw new Error(
        `unpair ended with ${this.process.exitCode ?? this.process.signalCode}:\n${this.#output}`,
      );
    }
    return this.#output;
  }
}

/** Process ids below `root` whose command line contains `text`. */
export async function descendants(root: number, text: string): Promise<readonly number[]> {
  const processes = await Promise.all((await readdir('/proc')).filter(isNumber).map(describe));
  const known = processes.filter((entry) => entry !== null);
  const below = new Set([root]);
  // Children have larger ids than their parents, but for wrap-around: repeat until nothing is added.
  for (let size = 0; size !== below.size;) {
    size = below.size;
    for (const { pid, parent } of known) if (below.has(parent)) below.add(pid);
  }
  return known.filter(({ pid, command }) => below.has(pid) && command.includes(text)).map(({ pid }) => pid);
}

const isNumber = (name: string): boolean => /^\d+$/.test(name);

async function describe(pid: string): Promise<{ pid: number; parent: number; command: string } | null> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    return { pid: Number(pid), parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0), command };
  } catch {
    // Ended while we looked.
    return null;
  }
}
