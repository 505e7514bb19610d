import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder =
  process.env['UNPAIR_SHARED_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** Path of a published model to test with; undefined, said once, where there is none. */
export function sharedModel(name: string): string | undefined {
  const path = join(folder, 'models', name);
  if (existsSync(path)) return path;
  process.stderr.write(`tests with ${name} are skipped: ${path} does not exist\n`);
  return undefined;
}
