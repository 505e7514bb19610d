import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import { columnsOf, type AnyRow, type ColumnType, type RowKind } from '@unpair/measurements';

/** A value as it is read: 64-bit columns are `bigint`. */
export type Value = string | number | bigint | boolean | null;

/** Appends rows to one table. */
type Append = (appender: DuckDBAppender) => void;

/** Rows of several tables, gathered and then appended table by table. */
export class RowWriter {
  readonly #tables = new Map<string, Append[]>();

  /** Adds a row, its values in the order of the table's columns; a number is a double. */
  add(table: string, ...values: readonly Value[]): void {
    this.#push(table, (appender) => {
      for (const value of values) append(appender, value);
      appender.endRow();
    });
  }

  /** Adds rows of one group; `key` has the group's names. */
  addRows(
    kind: RowKind,
    campaign: string,
    { key, rows }: { readonly key: Readonly<Record<string, unknown>>; readonly rows: readonly AnyRow[] },
  ): void {
    const place = [campaign, ...Object.keys(kind.key).map((part) => String(key[part]))];
    const columns = columnsOf(kind).map(({ field, type }) => ({ field, append: appendAs[type] }));
    this.#push(kind.table, (appender) => {
      for (const row of rows) {
        for (const name of place) appender.appendVarchar(name);
        appender.appendBigInt(BigInt(row.sample));
        for (const column of columns) column.append(appender, row[column.field]);
        appender.endRow();
      }
    });
  }

  #push(table: string, rows: Append): void {
    const appends = this.#tables.get(table);
    if (appends === undefined) this.#tables.set(table, [rows]);
    else appends.push(rows);
  }

  /** Takes over the rows of another writer, after its own. */
  absorb(later: RowWriter): void {
    for (const [table, appends] of later.#tables) for (const rows of appends) this.#push(table, rows);
  }

  /** Appends all rows through the bulk interface, within the connection's transaction. */
  async writeTo(connection: DuckDBConnection): Promise<void> {
    for (const [table, appends] of this.#tables) {
      const appender = await connection.createAppender(table);
      for (const rows of appends) rows(appender);
      appender.closeSync();
    }
  }
}

function append(appender: DuckDBAppender, value: Value): void {
  if (value === null) appender.appendNull();
  else if (typeof value === 'string') appender.appendVarchar(value);
  else if (typeof value === 'number') appender.appendDouble(value);
  else if (typeof value === 'bigint') appender.appendBigInt(value);
  else appender.appendBoolean(value);
}

type Field = AnyRow[string] | undefined;

const appendAs: Readonly<Record<ColumnType, (appender: DuckDBAppender, value: Field) => void>> = {
  int32: (appender, value) => {
    appender.appendInteger(Number(value));
  },
  int64: (appender, value) => {
    appender.appendBigInt(BigInt(Number(value)));
  },
  double: (appender, value) => {
    appender.appendDouble(Number(value));
  },
  boolean: (appender, value) => {
    appender.appendBoolean(value === true);
  },
  text: (appender, value) => {
    appender.appendVarchar(String(value));
  },
};
