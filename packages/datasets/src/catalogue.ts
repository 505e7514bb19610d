import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { cifar10 } from './cifar10.js';
import { fashionMnist } from './fashion-mnist.js';
import { mnist } from './mnist.js';
import type { NamedDataset } from './named-dataset.js';

/** Every data set known by name. */
export const DATASETS: readonly NamedDataset[] = [cifar10, fashionMnist, mnist];

/** The data set of that name, or undefined (then it is meant as a path). */
export function namedDataset(name: string): NamedDataset | undefined {
  return DATASETS.find((dataset) => dataset.name === name);
}

/** What `data list` shows of one data set. */
export interface DatasetListing extends NamedDataset {
  /** Whether all of its files are in the data folder, by name and size. */
  readonly present: boolean;
}

/** Every named data set, with whether the data folder holds it. */
export function listDatasets({ dataDir }: { readonly dataDir: string }): Promise<readonly DatasetListing[]> {
  return Promise.all(
    DATASETS.map(async (dataset) => ({ ...dataset, present: await isPresent(dataset, dataDir) })),
  );
}

async function isPresent({ name, files }: NamedDataset, dataDir: string): Promise<boolean> {
  const found = await Promise.all(
    [...files.train, ...files.test].map((file) =>
      stat(join(dataDir, name, file.name)).then(
        ({ size }) => size === file.bytes,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}
