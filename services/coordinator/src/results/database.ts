import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';
import { UnpairError } from '@unpair/errors';
import { systemClock } from '@unpair/platform';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Breath } from './breath.js';
import type { RowWriter, Value } from './row-writer.js';
import { createTables, schemaVersion } from './schema.js';

/** What answers SQL queries, values for their parameters beside them. */
export interface Queries {
  query(sql: string, values: string[]): Promise<Record<string, Value>[]>;
}

/** What DuckDB may hold in memory; what needs more, such as the order of an export, goes over the disk beside the file. */
const memoryLimit = '160MB';

/** One connection to a DuckDB file; statements run one after the other. */
export class Database implements Disposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /**
   * Opens the file, empty unless it was made for the same stream by the same version: what it holds can be rebuilt.
   * @throws UnpairError FAILED_PRECONDITION when another process holds the file
   */
  static async open(path: string, streamId: string): Promise<Database> {
    await mkdir(dirname(path), { recursive: true });
    const existing = await Database.#connect(path).catch((error: unknown) => {
      if (error instanceof Error && /lock/i.test(error.message)) {
        const message = `The result store ${path} is in use by another coordinator.`;
        throw new UnpairError('FAILED_PRECONDITION', message, { cause: error });
      }
      return undefined;
    });
    if (existing !== undefined) {
      if ((await existing.meta('identity')) === identityOf(streamId)) return existing;
      existing[Symbol.dispose]();
    }
    return Database.create(path, streamId);
  }

  /** Makes an empty file in the place of whatever is there. */
  static async create(path: string, streamId: string): Promise<Database> {
    await Promise.all([path, `${path}.wal`].map((file) => rm(file, { force: true })));
    const fresh = await Database.#connect(path);
    await fresh.run('INSERT INTO meta VALUES ($1, $2)', ['identity', identityOf(streamId)]);
    return fresh;
  }

  static async #connect(path: string): Promise<Database> {
    const instance = await DuckDBInstance.create(path, { threads: '2', memory_limit: memoryLimit });
    const connection = await instance.connect();
    await connection.run(createTables);
    return new Database(instance, connection);
  }

  [Symbol.dispose](): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  /** Runs `work` when all before it has ended. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async run(sql: string, values: DuckDBValue[] = []): Promise<void> {
    await this.#exclusively(() => this.#connection.run(sql, values));
  }

  /** Rows of a query, their 64-bit numbers as `bigint`. */
  async rows(sql: string, values: DuckDBValue[] = []): Promise<Record<string, Value>[]> {
    const reader = await this.#exclusively(() => this.#connection.runAndReadAll(sql, values));
    return reader.getRowObjectsJS() as Record<string, Value>[];
  }

  /** Hands over the columns of a query's rows, some two thousand rows at a time, and lets others through in between. */
  async visit(sql: string, onRows: (columns: readonly (readonly unknown[])[]) => void): Promise<void> {
    await this.#exclusively(async () => {
      const breath = new Breath(systemClock);
      const result = await this.#connection.stream(sql);
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        onRows(chunk.getColumns());
        await breath.take();
      }
    });
  }

  async meta(key: string): Promise<string | undefined> {
    const [row] = await this.rows('SELECT value FROM meta WHERE key = $1', [key]);
    return row === undefined ? undefined : String(row['value']);
  }

  /** Appends rows and sets one meta value: all or nothing. */
  async append(writer: RowWriter, key: string, value: string): Promise<void> {
    await this.#exclusively(async () => {
      const connection = this.#connection;
      const breath = new Breath(systemClock);
      await connection.run('BEGIN');
      try {
        await writer.writeTo(connection, () => breath.take());
        await connection.run('INSERT OR REPLACE INTO meta VALUES ($1, $2)', [key, value]);
        await connection.run('COMMIT');
      } catch (error) {
        await connection.run('ROLLBACK');
        throw error;
      }
    });
  }
}

function identityOf(streamId: string): string {
  return `${schemaVersion} ${streamId}`;
}
