import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { UnpairError } from '@unpair/errors';
import { DATASETS, namedDataset } from './catalogue.js';
import { assertFreeSpace, explainSystemError } from '@unpair/files';
import { moveFolder, verifyFile } from './files.js';
import type { FetchProgress, NamedDataset } from './named-dataset.js';

export interface FetchOptions {
  /** Folder that holds one folder for each data set. */
  readonly dataDir: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

/** Where a fetched data set lies, and whether it lay there already. */
export interface Fetched {
  readonly folder: string;
  readonly alreadyPresent: boolean;
}

/**
 * Brings a named data set into the data folder and verifies it. A verified copy is left alone; a damaged one is
 * replaced. Until everything is verified, nothing appears under the data set's name.
 * @throws {UnpairError} one sentence: unknown name, no room, missing tool, failed download, wrong checksum.
 */
export async function fetchDataset(
  name: string,
  { dataDir, signal, onProgress }: FetchOptions,
): Promise<Fetched> {
  const dataset = namedDataset(name);
  if (!dataset) {
    const known = DATASETS.map((entry) => entry.name).join(', ');
    throw new UnpairError('INVALID_ARGUMENT', `no data set is called "${name}": the known ones are ${known}`);
  }
  const folder = join(dataDir, name);
  if (await verifies(dataset, folder)) return { folder, alreadyPresent: true };
  const scratch = await makeScratch(dataDir, name);
  try {
    await assertFreeSpace(dataDir, dataset.fetchBytes, `fetching ${name}`);
    await fetchInto(dataset, scratch, { dataDir, signal, onProgress });
    await rm(folder, { recursive: true, force: true });
    await moveFolder(join(scratch, 'ready'), folder);
  } catch (error) {
    throw explainSystemError(error);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return { folder, alreadyPresent: false };
}

async function fetchInto(
  dataset: NamedDataset,
  scratch: string,
  { signal, onProgress }: FetchOptions,
): Promise<void> {
  const total = dataset.steps + 1;
  let done = 0;
  const report = (step: string): void => onProgress?.({ step, done: done++, total });
  const ready = join(scratch, 'ready');
  await mkdir(ready);
  await dataset.fetch({ scratch, folder: ready, signal, report });
  report('verifying');
  for (const file of [...dataset.files.train, ...dataset.files.test]) {
    signal?.throwIfAborted();
    await verifyFile(ready, file);
  }
  onProgress?.({ step: 'verified', done: total, total });
}

async function makeScratch(dataDir: string, name: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true });
    return await mkdtemp(join(dataDir, `.${name}-`));
  } catch (error) {
    throw explainSystemError(error, dataDir);
  }
}

async function verifies(dataset: NamedDataset, folder: string): Promise<boolean> {
  try {
    for (const file of [...dataset.files.train, ...dataset.files.test]) await verifyFile(folder, file);
    return true;
  } catch (error) {
    if (error instanceof UnpairError && (error.code === 'NOT_FOUND' || error.code === 'DATA_LOSS'))
      return false;
    throw error;
  }
}
