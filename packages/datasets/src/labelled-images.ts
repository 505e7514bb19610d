import { dirname, extname, resolve } from 'node:path';

import { UnpairError } from '@unpair/errors';
import { parseCsv } from './csv.js';
import { readWhole } from '@unpair/files';
import type { LabelledFile } from './pictures.js';
import { readPictures } from './pictures.js';
import type { SampleSet } from './sample-set.js';

/** Which columns of a CSV file name the images and their classes. */
export interface Columns {
  readonly image: string;
  readonly label: string;
}

const DEFAULT_COLUMNS: Columns = { image: 'file', label: 'label' };

/**
 * Loads the PNG files that a CSV file names, in its order. Images are named relative to the file, with `.png` left out or
 * not; labels are whole numbers from 0. Which classes there are beyond the greatest label is not known.
 * @param size side to which every image is resized; without one, all must be of one size
 * @throws {UnpairError} one sentence naming the column, line or image that is wrong.
 */
export async function loadLabelledImages(
  path: string,
  {
    columns = DEFAULT_COLUMNS,
    size,
  }: { readonly columns?: Columns | undefined; readonly size?: number | undefined },
): Promise<SampleSet> {
  const [header = [], ...lines] = parseCsv(new TextDecoder().decode(await readWhole(path)));
  if (header.length === 0) {
    const wanted = `its first line must name columns, ${columns.image} and ${columns.label} among them`;
    throw new UnpairError('INVALID_ARGUMENT', `${path} is empty: ${wanted}`);
  }
  const [image, label] = [columns.image, columns.label].map((name) => {
    const at = header.indexOf(name);
    if (at >= 0) return at;
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `${path} has no column "${name}"; it has ${header.join(', ')}`,
      { field: 'columns' },
    );
  });
  const files = lines.map((line, index): LabelledFile => {
    const name = line[image ?? 0] ?? '';
    const text = line[label ?? 0] ?? '';
    if (name === '' || !/^\d{1,6}$/.test(text)) {
      const problem =
        name === '' ? 'names no image' : `has label "${text}", which must be a whole number from 0`;
      throw new UnpairError('INVALID_ARGUMENT', `line ${index + 2} of ${path} ${problem}`);
    }
    const file = extname(name).toLowerCase() === '.png' ? name : `${name}.png`;
    return { path: resolve(dirname(path), file), label: Number(text) };
  });
  if (files.length === 0) throw new UnpairError('INVALID_ARGUMENT', `${path} names no images`);
  const classes = Math.max(...files.map((file) => file.label)) + 1;
  return { name: path, classes, classNames: null, ...(await readPictures(files, size)) };
}
