import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { UnpairError } from '@unpair/errors';
import { listFolder, walkFiles } from './folder-walk.js';
import { formatOfName, isRead } from './image-format.js';
import type { LabelledFile } from './pictures.js';
import { readPictures } from './pictures.js';
import type { SampleSet, Split } from './sample-set.js';
import { unreadFiles } from './unread.js';

/**
 * Loads image files from class-named folders: `FOLDER/CLASS/*.jpg`, or `FOLDER/SPLIT/CLASS/*.jpg` where there is a
 * folder of the split's name. Labels follow the classes' names in code-point order. Samples go round the classes (the
 * first file of each, then the second of each, …), so that every prefix of the set is balanced. As torchvision's
 * ImageFolder does, this follows links, and takes files at any depth below a class. Nothing is left out without a
 * word: what is in a class's folder must be an image that is read, hidden files and what file managers leave behind apart.
 * @param size side to which every image is resized; without one, all must be of one size
 * @throws {UnpairError} one sentence naming the file that cannot be read or differs in size, or counting those that
 * are of other formats or in no class's folder.
 */
export async function loadImageFolder(folder: string, split: Split, size?: number): Promise<SampleSet> {
  const isDivided = await isSplit(join(folder, split));
  if (!isDivided) await assertUndivided(folder, split);
  const root = isDivided ? join(folder, split) : folder;
  const { folders, files: beside } = await listFolder(root);
  assertNoneBeside(root, beside);
  const byClass = await Promise.all(folders.map(walkFiles));
  const finding = { source: root, folder: root, verb: 'holds' } as const;
  const unread = byClass.flat().filter((path) => !isRead(formatOfName(path)));
  if (unread.length > 0) throw await unreadFiles(unread, finding);
  const files = roundRobin(byClass);
  if (files.length === 0) {
    const what = isDivided ? `${root} holds no` : `${folder} has no ${split} split, and holds no`;
    throw new UnpairError('INVALID_ARGUMENT', `${what} images in class-named folders`);
  }
  const classNames = folders.map((path) => basename(path));
  const pictures = await readPictures(files, finding, size);
  return { name: folder, ...(isDivided && { split }), classes: classNames.length, classNames, ...pictures };
}

function roundRobin(byClass: readonly (readonly string[])[]): readonly LabelledFile[] {
  const longest = Math.max(0, ...byClass.map((files) => files.length));
  return Array.from({ length: longest }, (_, turn) =>
    byClass.flatMap((files, label) => {
      const path = files[turn];
      return path === undefined ? [] : [{ path, label }];
    }),
  ).flat();
}

/** Whether a folder holds the classes of a split; one with images of its own is the folder of a class of that name. */
async function isSplit(path: string): Promise<boolean> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder && !(await listFolder(path)).files.some(isImage);
}

/** @throws {UnpairError} INVALID_ARGUMENT when the other split is there, which is no class of the one that is not. */
async function assertUndivided(folder: string, split: Split): Promise<void> {
  const other = split === 'test' ? 'train' : 'test';
  if (!(await isSplit(join(folder, other)))) return;
  throw new UnpairError('INVALID_ARGUMENT', `${folder} has no ${split} split, only ${other}`);
}

function assertNoneBeside(root: string, files: readonly string[]): void {
  const images = files.filter(isImage);
  if (images.length === 0) return;
  const counted = `${images.length} image files, the first ${basename(images[0] ?? '')}`;
  throw new UnpairError(
    'INVALID_ARGUMENT',
    `${root} holds ${counted}, in no folder that names their class: move or remove them`,
  );
}

const isImage = (path: string): boolean => formatOfName(path) !== undefined;
