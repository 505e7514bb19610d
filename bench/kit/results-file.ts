import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MachineFacts } from './machine.js';

/** What a benchmark found, with what it ran on and how, so that files of different days can be compared. */
export interface Results {
  readonly benchmark: string;
  readonly machine: MachineFacts;
  readonly settings: Readonly<Record<string, number | string>>;
  readonly results: unknown;
}

/** Writes the results as JSON where a file was asked for. */
export async function writeResults(file: string | undefined, results: Results): Promise<void> {
  if (file === undefined) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
}
