import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface MemberOptions {
  readonly name: string;
  readonly command: string;
  readonly words: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard output and error are appended here. */
  readonly log: string;
}

/** How long an orchestrator waits before it starts again what has ended. */
const RESTART_MS = 500;

/** One process of the cluster, started again whenever it ends, as an orchestrator would. */
export class Member implements AsyncDisposable {
  readonly name: string;
  readonly #options: MemberOptions;
  #child: ChildProcess | undefined;
  #held = false;
  #closing = false;
  #restarts = 0;

  constructor(options: MemberOptions) {
    this.name = options.name;
    this.#options = options;
    this.#spawn();
  }

  get restarts(): number {
    return this.#restarts;
  }

  #spawn(): void {
    const { command, words, environment, log } = this.#options;
    const file = openSync(log, 'a');
    const child = spawn(command, [...words], {
      stdio: ['ignore', file, file],
      env: { ...process.env, ...environment },
    });
    closeSync(file);
    this.#child = child;
    child.once('exit', () => void this.#ended());
  }

  async #ended(): Promise<void> {
    await sleep(RESTART_MS);
    if (this.#closing || this.#held) return;
    this.#restarts++;
    this.#spawn();
  }

  #isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Sends a signal; the process may not be there. */
  signal(signal: NodeJS.Signals): void {
    if (this.#isRunning()) this.#child?.kill(signal);
  }

  /** Kills it; it comes back by itself. */
  kill(): void {
    this.signal('SIGKILL');
  }

  /** Kills it and keeps it down until {@link release}. */
  hold(): void {
    this.#held = true;
    this.kill();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (!this.#isRunning()) this.#spawn();
  }

  /** SIGTERM, and no way back: it has some milliseconds to end. */
  async leave(patience: number): Promise<void> {
    this.#held = true;
    const child = this.#child;
    if (child === undefined || !this.#isRunning()) return;
    const exited = once(child, 'exit');
    this.signal('SIGTERM');
    await Promise.race([exited, sleep(patience)]);
  }

  /** Kills the processes that it has started. */
  async killChildren(): Promise<void> {
    const pid = this.#child?.pid ?? 0;
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    for (const child of text.trim().split(' ').filter(Boolean)) {
      try {
        process.kill(Number(child), 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    if (child === undefined || !this.#isRunning()) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    await this.killChildren();
    child.kill('SIGKILL');
    await exited;
  }
}
