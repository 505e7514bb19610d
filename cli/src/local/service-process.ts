import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { UnpairError } from '@unpair/errors';
import { endGroups } from './process-group.js';
import type { Reaper } from './reaper.js';

export interface ServiceOptions {
  /** What people call it, and its log: `worker-1`. */
  readonly name: string;
  /** URL of the program. */
  readonly entry: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly reaper: Pick<Reaper, 'watch' | 'forget'>;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Called when the service ended by itself and was started again. */
  readonly onRestart: (reason: string) => void;
  /** Called when it keeps ending and is given up. */
  readonly onFailure: (error: Error) => void;
}

/** A service that ends sooner than this after its start counts as not having started. */
const SETTLED_MS = 10_000;
const MAX_FAST_DEATHS = 3;

/**
 * A service of the local cluster in a process group of its own, so that a terminal's Ctrl-C reaches it through us, in
 * order. One that dies is started again, as an orchestrator would.
 */
export class ServiceProcess implements AsyncDisposable {
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  #closing = false;
  #fastDeaths = 0;

  private constructor(options: ServiceOptions) {
    this.#options = options;
  }

  static async start(options: ServiceOptions): Promise<ServiceProcess> {
    const service = new ServiceProcess(options);
    await service.#spawn();
    return service;
  }

  /** Process id, for tests that kill it. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    if (child?.pid === undefined) return;
    const exited = isRunning(child) ? once(child, 'exit') : undefined;
    await endGroups([child.pid], this.#options.graceMs);
    await exited;
    this.#options.reaper.forget(child.pid);
  }

  async #spawn(): Promise<void> {
    const { entry, environment, logFile, reaper } = this.#options;
    const log = await open(logFile, 'a');
    try {
      // Closed while its log was opened.
      if (this.#closing) return;
      const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(entry)], {
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: { ...environment },
      });
      this.#child = child;
      if (child.pid !== undefined) reaper.watch(child.pid);
      const started = performance.now();
      child.once('exit', (code, signal) => {
        void this.#ended(child, signal ?? `code ${String(code)}`, performance.now() - started);
      });
    } finally {
      await log.close();
    }
  }

  async #ended(child: ChildProcess, how: string, livedMs: number): Promise<void> {
    const { reaper, graceMs } = this.#options;
    if (this.#closing || child !== this.#child) return;
    // Whatever the service started itself must not linger.
    if (child.pid !== undefined) {
      await endGroups([child.pid], graceMs);
      reaper.forget(child.pid);
    }
    await this.#restart(how, livedMs);
  }

  async #restart(how: string, livedMs: number): Promise<void> {
    const { name, logFile, onRestart, onFailure } = this.#options;
    // Closed while what the service had started was ended.
    if (this.#closing) return;
    this.#fastDeaths = livedMs < SETTLED_MS ? this.#fastDeaths + 1 : 0;
    if (this.#fastDeaths >= MAX_FAST_DEATHS) {
      const words = await lastWords(logFile);
      onFailure(
        new UnpairError('UNAVAILABLE', `${name} does not stay up (${how}): ${words}; its log is ${logFile}`),
      );
      return;
    }
    onRestart(`${name} ended with ${how} and is started again`);
    await this.#spawn().catch((error: unknown) => {
      onFailure(error instanceof Error ? error : new Error(String(error)));
    });
  }
}

/** What a log's last line says, as part of a sentence. */
async function lastWords(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n');
  return messageOf(lines.at(-1) ?? '').replace(/\.$/, '') || 'it said nothing';
}

/** Services write JSON lines, and plain sentences before they have a logger. */
function messageOf(line: string): string {
  try {
    const { message } = JSON.parse(line) as { readonly message?: unknown };
    return typeof message === 'string' ? message : line;
  } catch {
    return line;
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
