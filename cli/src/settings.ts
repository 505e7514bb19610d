import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment decides: where data sets are kept and which coordinator is meant. */
export interface Settings {
  readonly dataDir: string;
  readonly server: string;
}

/** Port that a coordinator serves gRPC on unless configured otherwise. */
const DEFAULT_SERVER = 'localhost:50051';

/** Reads UNPAIR_DATA_DIR, XDG_CACHE_HOME and UNPAIR_SERVER; empty variables count as absent. */
export function readSettings(environment: Environment): Settings {
  const variable = (name: string): string | undefined => {
    const value = environment[name];
    return value === '' ? undefined : value;
  };
  const cache = variable('XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  return {
    dataDir: resolve(variable('UNPAIR_DATA_DIR') ?? join(cache, 'unpair', 'data')),
    server: variable('UNPAIR_SERVER') ?? DEFAULT_SERVER,
  };
}
