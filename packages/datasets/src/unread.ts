import { extname, relative } from 'node:path';

import { UnpairError } from '@unpair/errors';
import { READ_FORMATS, formatOfFile, formatOfName } from './image-format.js';

/** Where files were found that are not read. */
export interface Finding {
  /** Path of the data set. */
  readonly source: string;
  /** Folder that its files are named relative to. */
  readonly folder: string;
  /** How it has its files: it `holds` or `names` them. */
  readonly verb: 'holds' | 'names';
}

/**
 * The error for files of a data set that cannot be read; reading the rest alone would measure on part of the data
 * without a word.
 * @returns one sentence that counts the files by what they are, and names the first
 */
export async function unreadFiles(
  files: readonly string[],
  { source, folder, verb }: Finding,
): Promise<UnpairError> {
  const counts = new Map<string, number>();
  for (const path of files) {
    const kind = await kindOf(path);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const counted = [...counts].map(([kind, count]) => `${count} ${kind}`).join(' and ');
  return new UnpairError(
    'INVALID_ARGUMENT',
    `${source} ${verb} files that are not read: ${counted}, the first ${relative(folder, files[0] ?? '')}; ` +
      `${READ_FORMATS} files are read, so convert, rename or remove them`,
  );
}

/** `JPEG`, `JPEG called .png` where the name promises something else, `of no image format`. */
async function kindOf(path: string): Promise<string> {
  const named = formatOfName(path);
  const format = (await formatOfFile(path)) ?? named;
  if (format === undefined) return 'of no image format';
  const extension = extname(path);
  return named === format || extension === '' ? format : `${format} called ${extension}`;
}
