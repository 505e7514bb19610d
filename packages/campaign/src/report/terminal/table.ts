/** One column of a table over rows of type `T`. */
export interface Column<T> {
  readonly title: string;
  /** Left for names, right for numbers. */
  readonly align: 'left' | 'right';
  readonly text: (row: T) => string;
  /** Left out when the table would be too wide, the last such column first. */
  readonly optional?: boolean;
}

/** How to write for a terminal. */
export interface TerminalStyle {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether to use ANSI bold and dim. */
  readonly color: boolean;
}

const GAP = '  ';

/** A titled table as lines; nothing for no rows. A column that says the same nothing in every row is left out. */
export function table<T>(
  title: string,
  rows: readonly T[],
  columns: readonly Column<T>[],
  style: TerminalStyle,
): readonly string[] {
  if (rows.length === 0) return [];
  const spoken = columns.filter((column) => rows.some((row) => column.text(row) !== ''));
  const shown = fit(spoken, rows, style.width);
  const widths = shown.map((column) => widthOf(column, rows));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => pad(text, widths[index] ?? 0, shown[index]?.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  const header = line(shown.map((column) => column.title));
  return [
    bold(title, style),
    dim(header, style),
    ...rows.map((row) => line(shown.map((column) => column.text(row)))),
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

function widthOf<T>({ title, text }: Column<T>, rows: readonly T[]): number {
  return rows.reduce((widest, row) => Math.max(widest, text(row).length), title.length);
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}
