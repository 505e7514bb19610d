import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { extname } from 'node:path';

/** What the reaper is told. */
export type ReaperMessage = { readonly watch: number } | { readonly forget: number };

/**
 * A process that outlives this one to end its children: when this process is gone, however it went, every process
 * group still watched gets SIGTERM and, if that does not help, SIGKILL.
 */
export class Reaper implements Disposable {
  readonly #child: ChildProcess;

  constructor() {
    const entry = new URL(`./reaper-main${extname(import.meta.url)}`, import.meta.url);
    this.#child = fork(entry, { detached: true, stdio: 'ignore' });
    // It works through its own end of the channel; losing it must not take a running campaign down.
    this.#child.on('error', () => undefined);
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** @param group leader of a process group */
  watch(group: number): void {
    this.#tell({ watch: group });
  }

  forget(group: number): void {
    this.#tell({ forget: group });
  }

  /** Lets the reaper go; it first ends whatever it still watches. */
  [Symbol.dispose](): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #tell(message: ReaperMessage): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}
