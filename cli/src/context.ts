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
  /** File of the clusters that the user has named. */
  readonly contextsFile: string;
  /** UNPAIR_SERVER and UNPAIR_CONTEXT: the cluster that is meant where the command line names none. */
  readonly serverVariable: string | undefined;
  readonly contextVariable: string | undefined;
}
