import { UnpairError } from '@unpair/errors';

/** The fields of one line. */
export interface CsvLine {
  /** Where it begins in the file, from 1. */
  readonly number: number;
  readonly fields: readonly string[];
}

/** A field: quoted, with doubled quotes inside, or up to the next comma or line break; then what ends it. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\r|\n|$)/y;

/**
 * The lines of a CSV text (RFC 4180); empty ones are left out.
 * @throws {UnpairError} INVALID_ARGUMENT naming the line with a quotation mark that is out of place.
 */
export function parseCsv(path: string, text: string): readonly CsvLine[] {
  const lines: CsvLine[] = [];
  let fields: string[] = [];
  let [number, position, end] = [1, 0, ','];
  for (let line = 1; end !== '';) {
    FIELD.lastIndex = position;
    const match = FIELD.exec(text);
    if (match === null) {
      throw new UnpairError('INVALID_ARGUMENT', `line ${line} of ${path} has a quotation mark out of place`);
    }
    const [whole, quoted, plain = '', ending = ''] = match;
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    [position, end] = [position + whole.length, ending];
    line += whole.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (end === ',') continue;
    if (fields.length > 1 || fields[0] !== '') lines.push({ number, fields });
    [fields, number] = [[], line];
  }
  return lines;
}
