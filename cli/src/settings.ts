import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment decides: where data sets are kept, and which cluster is meant. */
export interface Settings {
  readonly dataDir: string;
  /** The file of contexts. */
  readonly contextsFile: string;
  readonly serverVariable: string | undefined;
  readonly contextVariable: string | undefined;
}

/** Reads UNPAIR_* and XDG_*; empty variables count as absent. */
export function readSettings(environment: Environment): Settings {
  const variable = (name: string): string | undefined => {
    const value = environment[name];
    return value === '' ? undefined : value;
  };
  const cache = variable('XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  const config = variable('XDG_CONFIG_HOME') ?? join(homedir(), '.config');
  return {
    dataDir: resolve(variable('UNPAIR_DATA_DIR') ?? join(cache, 'unpair', 'data')),
    contextsFile: join(config, 'unpair', 'contexts.json'),
    serverVariable: variable('UNPAIR_SERVER'),
    contextVariable: variable('UNPAIR_CONTEXT'),
  };
}
