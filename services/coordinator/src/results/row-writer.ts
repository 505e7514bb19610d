import { DuckDBDataChunk, type DuckDBConnection, type DuckDBVector } from '@duckdb/node-api';
import { columnsOf, type AnyRow, type ColumnType, type RowKind } from '@unpair/measurements';
import { rowTable } from './schema.js';

/** A value as it is read: 64-bit columns are `bigint`. */
export type Value = string | number | bigint | boolean | null;

/** Rows that are put into columns together. */
interface Segment {
  readonly rows: number;
  /** Puts `count` rows from `from` on into columns from `at` on. */
  fill(columns: readonly DuckDBVector[], at: number, from: number, count: number): void;
}

/** Rows that DuckDB takes at once. */
const chunkSize = 2_048;
/** Rows after which an appender hands over what it holds, which keeps the event loop for some ten milliseconds. */
const appendedAtOnce = 8 * chunkSize;

/** Rows of several tables, gathered and then written table by table, column by column. */
export class RowWriter {
  readonly #tables = new Map<string, Segment[]>();
  #rows = 0;

  /** Rows gathered. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds a row, its values in the order of the table's columns; a number is a double. */
  add(table: string, ...values: readonly Value[]): void {
    const fill: Segment['fill'] = (columns, at) => {
      values.forEach((value, column) => columns[column]?.setItem(at, value));
    };
    this.#push(table, { rows: 1, fill });
  }

  /** Adds rows of one group. */
  addRows(kind: RowKind, group: number, rows: readonly AnyRow[]): void {
    const fields = [{ field: 'sample', type: 'int64' as const }, ...columnsOf(kind)];
    const fill: Segment['fill'] = ([groups, ...columns], at, from, count) => {
      for (let row = 0; row < count; row++) groups?.setItem(at + row, group);
      fields.forEach(({ field, type }, index) => {
        const column = columns[index];
        if (column !== undefined) fillers[type](column, at, { rows, field, from, count });
      });
    };
    this.#push(rowTable(kind), { rows: rows.length, fill });
  }

  #push(table: string, segment: Segment): void {
    this.#rows += segment.rows;
    const segments = this.#tables.get(table);
    if (segments === undefined) this.#tables.set(table, [segment]);
    else segments.push(segment);
  }

  /** Takes over the rows of another writer, after its own. */
  absorb(later: RowWriter): void {
    for (const [table, segments] of later.#tables) for (const segment of segments) this.#push(table, segment);
  }

  /** Appends all rows within the connection's transaction; `pause` is awaited between pieces of a few milliseconds. */
  async writeTo(connection: DuckDBConnection, pause: () => Promise<void>): Promise<void> {
    for (const [table, segments] of this.#tables) {
      let appender = await connection.createAppender(table);
      const types = Array.from({ length: appender.columnCount }, (_, at) => appender.columnType(at));
      let appended = 0;
      for (const parts of chunksOf(segments)) {
        const rows = parts.reduce((sum, { count }) => sum + count, 0);
        const chunk = DuckDBDataChunk.create(types, rows);
        const columns = types.map((_, column) => chunk.getColumnVector(column));
        let at = 0;
        for (const { segment, from, count } of parts) {
          segment.fill(columns, at, from, count);
          at += count;
        }
        for (const column of columns) column.flush();
        appender.appendDataChunk(chunk);
        appended += rows;
        await pause();
        if (appended < appendedAtOnce) continue;
        appender.closeSync();
        appender = await connection.createAppender(table);
        appended = 0;
      }
      appender.closeSync();
    }
  }
}

/** Part of a segment. */
interface Part {
  readonly segment: Segment;
  readonly from: number;
  readonly count: number;
}

/** Cuts segments, however long each is, into runs of rows that fill a chunk. */
function* chunksOf(segments: readonly Segment[]): Generator<readonly Part[], void, undefined> {
  let parts: Part[] = [];
  let free = chunkSize;
  for (const segment of segments) {
    for (let from = 0; from < segment.rows;) {
      const count = Math.min(free, segment.rows - from);
      parts.push({ segment, from, count });
      from += count;
      free -= count;
      if (free > 0) continue;
      yield parts;
      parts = [];
      free = chunkSize;
    }
  }
  if (parts.length > 0) yield parts;
}

/** One field of a run of rows. */
interface Values {
  readonly rows: readonly AnyRow[];
  readonly field: string;
  readonly from: number;
  readonly count: number;
}

type Filler = (column: DuckDBVector, at: number, values: Values) => void;

/** One loop for each type, apart: of vectors of one class, `setItem` is inlined. */
const fillers: Readonly<Record<ColumnType, Filler>> = {
  int32: (column, at, { rows, field, from, count }) => {
    for (let row = 0; row < count; row++) column.setItem(at + row, Number(rows[from + row]?.[field]));
  },
  int64: (column, at, { rows, field, from, count }) => {
    for (let row = 0; row < count; row++) column.setItem(at + row, BigInt(Number(rows[from + row]?.[field])));
  },
  double: (column, at, { rows, field, from, count }) => {
    for (let row = 0; row < count; row++) column.setItem(at + row, Number(rows[from + row]?.[field]));
  },
  boolean: (column, at, { rows, field, from, count }) => {
    for (let row = 0; row < count; row++) column.setItem(at + row, rows[from + row]?.[field] === true);
  },
  text: (column, at, { rows, field, from, count }) => {
    for (let row = 0; row < count; row++) column.setItem(at + row, String(rows[from + row]?.[field]));
  },
};
