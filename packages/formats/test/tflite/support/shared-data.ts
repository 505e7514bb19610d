import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder =
  process.env['UNPAIR_SHARED_DATA'] ??
  fileURLToPath(new URL('../../../../../../shared/data', import.meta.url));

/** Whether the development models are there; tests that need them skip where they are not. */
export const hasSharedData = existsSync(folder);

/** One of the development models. */
export function readSharedModel(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, 'models', name)));
}
