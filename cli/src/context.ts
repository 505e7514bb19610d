import type { Terminal } from './terminal/terminal.js';

/** What `main` gives every command; commands read nothing else of the process. */
export interface CommandContext {
  readonly version: string;
  readonly terminal: Terminal;
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Handed on to the processes of a local cluster; nothing is read from it here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of fetched data sets. */
  readonly dataDir: string;
  /** Coordinator that commands talk to unless told otherwise, `host:port`. */
  readonly server: string;
}
