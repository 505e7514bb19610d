import { dirname, resolve } from 'node:path';

import type { CsvLine } from './csv.js';
import { parseCsv } from './csv.js';
import { UnpairError } from '@unpair/errors';
import { readWhole } from '@unpair/files';
import { formatOfName, isRead } from './image-format.js';
import type { LabelledFile } from './pictures.js';
import { readPictures } from './pictures.js';
import type { SampleSet } from './sample-set.js';
import { unreadFiles } from './unread.js';

/** Which columns of a CSV file name the images and their classes. */
export interface Columns {
  readonly image: string;
  readonly label: string;
}

const DEFAULT_COLUMNS: Columns = { image: 'file', label: 'label' };

/**
 * Loads the images that a CSV file names, in its order. Images are named relative to the file, with `.png` left out or
 * not; labels are whole numbers from 0. Which classes there are beyond the greatest label is not known.
 * @param size side to which every image is resized; without one, all must be of one size
 * @throws {UnpairError} one sentence naming the column, line or image that is wrong, or counting those of other formats.
 */
export async function loadLabelledImages(
  path: string,
  {
    columns = DEFAULT_COLUMNS,
    size,
  }: { readonly columns?: Columns | undefined; readonly size?: number | undefined },
): Promise<SampleSet> {
  const [header, ...lines] = parseCsv(path, new TextDecoder().decode(await readWhole(path)));
  if (header === undefined) {
    const wanted = `its first line must name columns, ${columns.image} and ${columns.label} among them`;
    throw new UnpairError('INVALID_ARGUMENT', `${path} is empty: ${wanted}`);
  }
  const [image = 0, label = 0] = [columns.image, columns.label].map((name) =>
    columnOf(path, header.fields, name),
  );
  const files = lines.map((line) => fileOf(path, line, { image, label, fields: header.fields.length }));
  if (files.length === 0) throw new UnpairError('INVALID_ARGUMENT', `${path} names no images`);
  const finding = { source: path, folder: dirname(path), verb: 'names' } as const;
  const unread = files.filter((file) => !isRead(formatOfName(file.path)));
  if (unread.length > 0)
    throw await unreadFiles(
      unread.map((file) => file.path),
      finding,
    );
  const classes = Math.max(...files.map((file) => file.label)) + 1;
  return { name: path, classes, classNames: null, ...(await readPictures(files, finding, size)) };
}

function columnOf(path: string, header: readonly string[], name: string): number {
  const at = header.indexOf(name);
  if (at >= 0) return at;
  throw new UnpairError('INVALID_ARGUMENT', `${path} has no column "${name}"; it has ${header.join(', ')}`, {
    field: 'columns',
  });
}

/** Where a line has what, and how many fields it may have. */
interface Layout {
  readonly image: number;
  readonly label: number;
  readonly fields: number;
}

function fileOf(path: string, { number, fields }: CsvLine, layout: Layout): LabelledFile {
  const name = fields[layout.image] ?? '';
  const label = fields[layout.label] ?? '';
  const problem =
    fields.length > layout.fields
      ? `has ${fields.length} fields, but the first line names ${layout.fields} columns`
      : name === ''
        ? 'names no image'
        : /^\d{1,6}$/.test(label)
          ? undefined
          : `has label "${label}", which must be a whole number from 0`;
  if (problem !== undefined) {
    throw new UnpairError('INVALID_ARGUMENT', `line ${number} of ${path} ${problem}`);
  }
  // A name without an ending that says its format, such as an identifier, stands for a PNG file.
  const file = formatOfName(name) === undefined ? `${name}.png` : name;
  return { path: resolve(dirname(path), file), label: Number(label) };
}
