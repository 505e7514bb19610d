import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { DATASETS, namedDataset } from './catalogue.js';
import { DatasetError, explainSystemError } from './dataset-error.js';
import { readVerified } from './files.js';
import { holdsIdx, loadIdxFolder, loadIdxImages } from './idx.js';
import { loadImageFolder } from './image-folder.js';
import type { NamedDataset } from './named-dataset.js';
import { loadNpz } from './npz.js';
import type { SampleSet, Split } from './sample-set.js';

export interface LoadDatasetOptions {
  /** Folder that `fetchDataset` filled. */
  readonly dataDir: string;
}

/**
 * Loads one split of a data set: by name, or from a path to an npz file, an idx images file, a folder of idx files or
 * a folder of class-named folders of PNG files. Samples keep the files' standard order.
 * @throws {DatasetError} one sentence: not fetched, no such path, damaged, or of an unknown format.
 */
export async function loadDataset(
  source: string,
  split: Split,
  { dataDir }: LoadDatasetOptions,
): Promise<SampleSet> {
  const dataset = namedDataset(source);
  if (dataset) return loadNamed(dataset, split, dataDir);
  const found = await stat(source).catch((error: unknown) => {
    throw explainMissing(source, error);
  });
  if (found.isDirectory()) {
    return (await holdsIdx(source, split)) ? loadIdxFolder(source, split) : loadImageFolder(source, split);
  }
  if (source.endsWith('.npz')) return loadNpz(source, split);
  if (/-idx\d-ubyte(\.gz)?$/.test(source)) return loadIdxImages(source);
  throw new DatasetError(
    'INVALID_ARGUMENT',
    `${source} is no data set: a path must lead to an .npz file, idx files, or class-named folders of PNG files`,
  );
}

async function loadNamed(dataset: NamedDataset, split: Split, dataDir: string): Promise<SampleSet> {
  const folder = join(dataDir, dataset.name);
  try {
    return dataset.read(await Promise.all(dataset.files[split].map((file) => readVerified(folder, file))));
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    const remedy = `run "unpair data fetch ${dataset.name}"`;
    if (error.code === 'NOT_FOUND') {
      throw new DatasetError('NOT_FOUND', `${dataset.name} is not in ${dataDir}: ${remedy}`, {
        cause: error,
      });
    }
    throw new DatasetError(error.code, `${error.message}; ${remedy}`, { cause: error });
  }
}

function explainMissing(source: string, error: unknown): unknown {
  const known = DATASETS.map((entry) => entry.name).join(', ');
  const explained = explainSystemError(error, source);
  if (!(explained instanceof DatasetError) || explained.code !== 'NOT_FOUND') return explained;
  return new DatasetError(
    'NOT_FOUND',
    `"${source}" is neither a known data set (${known}) nor an existing path`,
    {
      cause: error,
    },
  );
}
