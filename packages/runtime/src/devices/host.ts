import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** What discovery asks of a machine. Tests describe other machines by it. */
export interface Host {
  readonly cpu: { readonly model: string; readonly cores: number; readonly memory: number };
  /** Output of a program; undefined where it is missing, fails or does not end within seconds. */
  output(program: string, args: readonly string[]): Promise<string | undefined>;
  exists(path: string): boolean;
  /** Names in a folder; none where it cannot be read. */
  list(folder: string): readonly string[];
  /** The environment: where loaders are told to look. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of an installed npm package; undefined where it is not installed. */
  packageFolder(name: string): string | undefined;
}

const PATIENCE_MS = 5_000;

/** This machine. */
export function thisHost(): Host {
  return {
    cpu: {
      model: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memory: memoryLimit(),
    },
    output: (program, args) =>
      promisify(execFile)(program, [...args], { timeout: PATIENCE_MS }).then(
        ({ stdout }) => stdout,
        () => undefined,
      ),
    exists: existsSync,
    environment: process.env,
    list: (folder) => {
      try {
        return readdirSync(folder);
      } catch {
        return [];
      }
    },
    packageFolder: (name) => {
      try {
        return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
      } catch {
        return undefined;
      }
    },
  };
}

/** Bytes that this process may have: its container's limit, or the machine's memory. */
function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
