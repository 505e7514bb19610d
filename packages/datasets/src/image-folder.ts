import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { UnpairError } from '@unpair/errors';
import { explainSystemError } from '@unpair/files';
import type { LabelledFile } from './pictures.js';
import { readPictures } from './pictures.js';
import type { SampleSet, Split } from './sample-set.js';

/**
 * Loads PNG files from class-named folders: `FOLDER/CLASS/*.png`, or `FOLDER/SPLIT/CLASS/*.png` where there is a
 * folder of the split's name. Labels follow the classes' names in code-point order. Samples go round the classes (the
 * first file of each, then the second of each, …), so that every prefix of the set is balanced.
 * @param size side to which every image is resized; without one, all must be of one size
 * @throws {UnpairError} one sentence naming the file that cannot be read or differs in size.
 */
export async function loadImageFolder(folder: string, split: Split, size?: number): Promise<SampleSet> {
  const isDivided = await isFolder(join(folder, split));
  const root = isDivided ? join(folder, split) : folder;
  const classNames = await subfolders(root);
  const files = await roundRobin(root, classNames);
  if (files.length === 0) {
    const what = isDivided ? `${root} holds no` : `${folder} has no ${split} split, and holds no`;
    throw new UnpairError('INVALID_ARGUMENT', `${what} PNG files in class-named folders`);
  }
  const classes = classNames.length;
  const pictures = await readPictures(files, size);
  return { name: folder, ...(isDivided && { split }), classes, classNames, ...pictures };
}

async function roundRobin(root: string, classNames: readonly string[]): Promise<readonly LabelledFile[]> {
  const byClass = await Promise.all(classNames.map(async (name) => pngFiles(join(root, name))));
  const longest = Math.max(0, ...byClass.map((files) => files.length));
  return Array.from({ length: longest }, (_, turn) =>
    byClass.flatMap((files, label) => {
      const path = files[turn];
      return path === undefined ? [] : [{ path, label }];
    }),
  ).flat();
}

async function pngFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.toLowerCase().endsWith('.png'))
    .sort(byCodePoint)
    .map((name) => join(folder, name));
}

async function subfolders(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort(byCodePoint);
  } catch (error) {
    throw explainSystemError(error, folder);
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** An order that no locale changes. */
const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
