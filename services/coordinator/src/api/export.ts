import { ExportFormat, type ExportResultsRequest } from '@unpair/protocol';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportFileFormat, ResultStore } from '../results/result-store.js';
import { exportTables, type ExportTable } from '../results/schema.js';
import { invalidField } from './invalid-field.js';

const formats: Readonly<Partial<Record<ExportFormat, ExportFileFormat>>> = {
  [ExportFormat.PARQUET]: 'parquet',
  [ExportFormat.CSV]: 'csv',
  [ExportFormat.JSONL]: 'json',
};

const chunkSize = 256 * 1024;

/**
 * A table of per-sample rows as a file, in chunks. It is written to disk first: Parquet's index comes last, and a slow
 * reader must not hold the database.
 * @throws UnpairError INVALID_ARGUMENT for another table or format
 */
export async function* exportTable(
  store: ResultStore,
  request: ExportResultsRequest,
  directory: string,
): AsyncGenerator<Buffer, void, undefined> {
  const { table, format } = checkExport(request);
  const folder = await mkdtemp(join(directory, 'export-'));
  try {
    const file = join(folder, `${table}.${format}`);
    await store.export(request.id, table, format, file);
    yield* createReadStream(file, { highWaterMark: chunkSize }) as AsyncIterable<Buffer>;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function checkExport({ table, format }: ExportResultsRequest): {
  readonly table: ExportTable;
  readonly format: ExportFileFormat;
} {
  const file = formats[format];
  if (file === undefined) throw invalidField('format', 'format must be PARQUET, CSV or JSONL.');
  if (!isTable(table)) {
    throw invalidField(
      'table',
      `table must be one of ${[...exportTables.keys()].join(', ')}, got "${table}".`,
    );
  }
  return { table, format: file };
}

function isTable(name: string): name is ExportTable {
  return exportTables.has(name);
}
