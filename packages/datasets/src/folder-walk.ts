import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { UnpairError } from '@unpair/errors';
import { explainSystemError } from '@unpair/files';

/** What a folder holds, as paths in code-point order; links count as what they lead to. */
export interface Listing {
  readonly folders: readonly string[];
  /** Everything that is no folder. */
  readonly files: readonly string[];
}

/** What file managers leave behind under names that are not hidden. */
const LITTER: ReadonlySet<string> = new Set(['thumbs.db', 'desktop.ini', '__macosx']);

/**
 * Lists a folder, without what is hidden (`.DS_Store`, `.ipynb_checkpoints`) or left behind by a file manager.
 * @throws {UnpairError} one sentence when it cannot be read, or a link in it leads nowhere.
 */
export async function listFolder(folder: string): Promise<Listing> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const counted = entries.filter(({ name }) => !name.startsWith('.') && !LITTER.has(name.toLowerCase()));
    const folders: string[] = [];
    const files: string[] = [];
    for (const entry of counted) {
      const path = join(folder, entry.name);
      ((await isFolder(path, entry)) ? folders : files).push(path);
    }
    return { folders: folders.sort(byCodePoint), files: files.sort(byCodePoint) };
  } catch (error) {
    throw explainSystemError(error, folder);
  }
}

async function isFolder(path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw new UnpairError('INVALID_ARGUMENT', `${path} is a link that leads nowhere`, { cause: error });
  }
}

/**
 * Every file below a folder: its own in their order, then those of each folder below it, in the order of the folders'
 * paths, which is the order of torchvision's ImageFolder.
 * @throws {UnpairError} one sentence when a folder cannot be read, or a link leads back to a folder that it lies in.
 */
export async function walkFiles(folder: string): Promise<readonly string[]> {
  const byFolder = new Map<string, readonly string[]>();
  await walk(folder, [], byFolder);
  return [...byFolder].sort(([a], [b]) => byCodePoint(a, b)).flatMap(([, files]) => files);
}

async function walk(
  folder: string,
  above: readonly string[],
  byFolder: Map<string, readonly string[]>,
): Promise<void> {
  const { folders, files } = await listFolder(folder);
  const real = await realpath(folder);
  if (above.includes(real)) {
    throw new UnpairError('INVALID_ARGUMENT', `${folder} leads back to ${real}, a folder that it lies in`);
  }
  byFolder.set(folder, files);
  for (const below of folders) await walk(below, [...above, real], byFolder);
}

/** An order that no locale changes. */
const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
