import type { DuckDBConnection } from '@duckdb/node-api';

/** A value as it is read: 64-bit columns are `bigint`. */
export type Value = string | number | bigint | boolean | null;

/** A value to append: a number is a double, and `{ int32 }` goes to 32-bit columns. */
export type NewValue = Value | { readonly int32: number };

/** Rows of several tables, gathered and then appended table by table. */
export class RowWriter {
  readonly #tables = new Map<string, (readonly NewValue[])[]>();

  /** Adds a row, its values in the order of the table's columns. */
  add(table: string, ...values: readonly NewValue[]): void {
    const rows = this.#tables.get(table);
    if (rows === undefined) this.#tables.set(table, [values]);
    else rows.push(values);
  }

  /** Takes over the rows of another writer, after its own. */
  absorb(later: RowWriter): void {
    for (const [table, rows] of later.#tables) {
      const own = this.#tables.get(table);
      if (own === undefined) this.#tables.set(table, rows);
      else for (const row of rows) own.push(row);
    }
  }

  /** Appends all rows through the bulk interface, within the connection's transaction. */
  async writeTo(connection: DuckDBConnection): Promise<void> {
    for (const [table, rows] of this.#tables) {
      const appender = await connection.createAppender(table);
      for (const row of rows) {
        for (const value of row) {
          if (value === null) appender.appendNull();
          else if (typeof value === 'string') appender.appendVarchar(value);
          else if (typeof value === 'number') appender.appendDouble(value);
          else if (typeof value === 'bigint') appender.appendBigInt(value);
          else if (typeof value === 'boolean') appender.appendBoolean(value);
          else appender.appendInteger(value.int32);
        }
        appender.endRow();
      }
      appender.closeSync();
    }
  }
}
