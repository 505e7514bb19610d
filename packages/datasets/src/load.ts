import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { UnpairError } from '@unpair/errors';
import { DATASETS, namedDataset } from './catalogue.js';
import { explainSystemError } from '@unpair/files';
import { readVerified } from './files.js';
import { holdsIdx, loadIdxFolder, loadIdxImages } from './idx.js';
import { loadImageFolder } from './image-folder.js';
import type { Columns } from './labelled-images.js';
import { loadLabelledImages } from './labelled-images.js';
import type { NamedDataset } from './named-dataset.js';
import { loadNpz } from './npz.js';
import type { SampleSet, Split } from './sample-set.js';

export interface LoadDatasetOptions {
  /** Folder that `fetchDataset` filled. */
  readonly dataDir: string;
  /** Side to which images from PNG files are resized; other data sets must have that size. */
  readonly size?: number | undefined;
  /** Columns of a CSV file that names images. */
  readonly columns?: Columns | undefined;
}

/**
 * Loads one split of a data set: by name, or from a path to an npz file, an idx images file, a folder of idx files or
 * a folder of class-named folders of PNG files, or a CSV file that names PNG files and their labels. Samples keep the
 * files' standard order.
 * @throws {UnpairError} one sentence: not fetched, no such path, damaged, empty, or of an unknown format.
 */
export async function loadDataset(
  source: string,
  split: Split,
  options: LoadDatasetOptions,
): Promise<SampleSet> {
  const set = await loadSized(source, split, options).catch((error: unknown) => {
    throw asInput(source, error);
  });
  if (set.count > 0) return set;
  throw new UnpairError('INVALID_ARGUMENT', `${source} holds no images`);
}

/** A file that is named by its path is input, and wrong input where it is damaged; one that was fetched is not. */
function asInput(source: string, error: unknown): unknown {
  if (!(error instanceof UnpairError) || error.code !== 'DATA_LOSS' || namedDataset(source)) return error;
  return new UnpairError('INVALID_ARGUMENT', error.message, { cause: error, field: error.field });
}

async function loadSized(source: string, split: Split, options: LoadDatasetOptions): Promise<SampleSet> {
  const { size, columns } = options;
  if (source.endsWith('.csv')) {
    await assertExists(source);
    return loadLabelledImages(source, { columns, size });
  }
  if (columns !== undefined) {
    throw new UnpairError('INVALID_ARGUMENT', `columns are for CSV files, which ${source} is not`, {
      field: 'columns',
    });
  }
  const set = await loadUnlisted(source, split, options);
  const [, height, width] = set.shape;
  if (size === undefined || (height === size && width === size)) return set;
  throw new UnpairError(
    'INVALID_ARGUMENT',
    `the images of ${source} are ${height}×${width} and only files of images are resized, to ${size}×${size}`,
    { field: 'size' },
  );
}

async function loadUnlisted(
  source: string,
  split: Split,
  { dataDir, size }: LoadDatasetOptions,
): Promise<SampleSet> {
  const dataset = namedDataset(source);
  if (dataset) return loadNamed(dataset, split, dataDir);
  const found = await assertExists(source);
  if (found.isDirectory()) {
    return (await holdsIdx(source, split))
      ? loadIdxFolder(source, split)
      : loadImageFolder(source, split, size);
  }
  if (source.endsWith('.npz')) return loadNpz(source, split);
  if (/-idx\d-ubyte(\.gz)?$/.test(source)) return loadIdxImages(source);
  throw new UnpairError(
    'INVALID_ARGUMENT',
    `${source} is no data set: a path must lead to an .npz file, idx files, class-named folders of PNG files, or a CSV file of such`,
  );
}

function assertExists(source: string): Promise<Stats> {
  return stat(source).catch((error: unknown) => {
    throw explainMissing(source, error);
  });
}

async function loadNamed(dataset: NamedDataset, split: Split, dataDir: string): Promise<SampleSet> {
  const folder = join(dataDir, dataset.name);
  try {
    const files = await Promise.all(dataset.files[split].map((file) => readVerified(folder, file)));
    return { ...dataset.read(files), split };
  } catch (error) {
    if (!(error instanceof UnpairError)) throw error;
    const remedy = `run "unpair data fetch ${dataset.name}"`;
    if (error.code === 'NOT_FOUND') {
      throw new UnpairError('NOT_FOUND', `${dataset.name} is not in ${dataDir}: ${remedy}`, {
        cause: error,
      });
    }
    throw new UnpairError(error.code, `${error.message}; ${remedy}`, { cause: error });
  }
}

function explainMissing(source: string, error: unknown): unknown {
  const known = DATASETS.map((entry) => entry.name).join(', ');
  const explained = explainSystemError(error, source);
  if (!(explained instanceof UnpairError) || explained.code !== 'NOT_FOUND') return explained;
  const sentence = `"${source}" is neither a known data set (${known}) nor an existing path`;
  return new UnpairError('NOT_FOUND', `${sentence}${suggestion(source)}`, { cause: error });
}

/** `; did you mean "cifar10"?` for `cifar-10` and `CIFAR_10`, which is how others write the name. */
function suggestion(source: string): string {
  const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const meant = DATASETS.find(({ name }) => plain(name) === plain(basename(source)));
  return meant === undefined ? '' : `; did you mean "${meant.name}"?`;
}
