import { breakName, leastWidth } from './break-name.js';

/** One column of a table over rows of type `T`. */
export interface Column<T> {
  readonly title: string;
  /** Left for names, right for numbers. */
  readonly align: 'left' | 'right';
  readonly text: (row: T) => string;
  /** Left out when the table would be too wide, the last such column first. */
  readonly optional?: boolean;
  /** Whether it holds names of models: those of swept ones go over several lines where the table is still too wide. */
  readonly names?: boolean;
}

/** A column of a table that is made. */
export type Heading = Omit<Column<never>, 'text'>;

/** A table as texts, for whatever shows it. */
export interface TableText {
  readonly title: string;
  readonly columns: readonly Heading[];
  /** One text for each column. */
  readonly rows: readonly (readonly string[])[];
}

/** How to write for a terminal. */
export interface TerminalStyle {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether to use ANSI bold and dim. */
  readonly color: boolean;
}

const GAP = '  ';

/** A table as texts. A column that says the same nothing in every row is left out. */
export function tableOf<T>(title: string, rows: readonly T[], columns: readonly Column<T>[]): TableText {
  const texts = rows.map((row) => columns.map(({ text }) => text(row)));
  const isSpoken = (_: unknown, at: number): boolean => texts.some((row) => row[at] !== '');
  return { title, columns: columns.filter(isSpoken), rows: texts.map((row) => row.filter(isSpoken)) };
}

/** A titled table as lines; nothing for no rows. */
export function tableLines({ title, columns, rows }: TableText, style: TerminalStyle): readonly string[] {
  if (rows.length === 0) return [];
  const texts = columns.map((column, at) => ({
    ...column,
    text: (row: readonly string[]) => row[at] ?? '',
  }));
  const shown = fit(texts, rows, style.width);
  const widths = narrowed(shown, rows, style.width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, index) => pad(text, widths[index] ?? 0, shown[index]?.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  const header = line(shown.map((column) => column.title));
  return [
    bold(title, style),
    dim(header, style),
    ...rows.flatMap((row) =>
      rowLines(shown.map((column, at) => linesOf(column, row, widths[at] ?? 0))).map(line),
    ),
    '',
  ];
}

/** Bold where colours are wanted. */
export function bold(text: string, { color }: TerminalStyle): string {
  return color ? `\u001b[1m${text}\u001b[22m` : text;
}

/** Dim where colours are wanted. */
export function dim(text: string, { color }: TerminalStyle): string {
  return color ? `\u001b[2m${text}\u001b[22m` : text;
}

function fit<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): readonly Column<T>[] {
  const total = columns.reduce((sum, column) => sum + widthOf(column, rows) + GAP.length, -GAP.length);
  const last = columns.findLastIndex((column) => column.optional);
  return total <= width || last === -1 ? columns : fit(columns.toSpliced(last, 1), rows, width);
}

/** Widths of columns: as wide as what they hold, but for names, of which the widest give way as far as they can. */
function narrowed<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): readonly number[] {
  const widths = columns.map((column) => widthOf(column, rows));
  const least = columns.map((column, at) => (column.names ? leastWidthOf(column, rows) : (widths[at] ?? 0)));
  const total = widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1));
  for (let excess = total - width; excess > 0; excess--) {
    const room = widths.map((each, at) => (each > (least[at] ?? 0) ? each : 0));
    const widest = room.indexOf(Math.max(...room));
    if (room[widest] === 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function leastWidthOf<T>({ title, text }: Column<T>, rows: readonly T[]): number {
  return rows.reduce((widest, row) => Math.max(widest, leastWidth(text(row))), title.length);
}

function linesOf<T>({ text, names = false }: Column<T>, row: T, width: number): readonly string[] {
  return names ? breakName(text(row), width) : [text(row)];
}

/** The cells of a row as lines of the table: as many as its highest cell has. */
function rowLines(cells: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, at) => cells.map((lines) => lines[at] ?? ''));
}

function widthOf<T>({ title, text }: Column<T>, rows: readonly T[]): number {
  return rows.reduce((widest, row) => Math.max(widest, text(row).length), title.length);
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}
