import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder =
  process.env['UNPAIR_SHARED_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** Whether models that others published are there; tests that need them skip where they are not. */
export const hasSharedData = existsSync(folder);

/** One of them. */
export function readSharedModel(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(folder, 'models', name)));
}

/** Path of one of them; undefined, said once, where it is not there. */
export function sharedModel(name: string): string | undefined {
  const path = join(folder, 'models', name);
  if (existsSync(path)) return path;
  process.stderr.write(`tests with ${name} are skipped: ${path} does not exist\n`);
  return undefined;
}
