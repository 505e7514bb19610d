import type { Command } from 'commander';
import { Option } from 'commander';
import { UnpairError } from '@unpair/errors';
import { ROW_KINDS } from '@unpair/measurements';
import { ExportFormat } from '@unpair/protocol';

import type { CommandContext } from '../context.js';
import { assertOutputFile } from '../output-file.js';
import { writeWhole } from '@unpair/files';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

const FORMATS = { parquet: ExportFormat.PARQUET, csv: ExportFormat.CSV, jsonl: ExportFormat.JSONL } as const;

/** Per-sample tables that results are exported from. */
const TABLES = ROW_KINDS.map(({ table }) => table);

interface ExportOptions extends ServerOptions {
  readonly format: keyof typeof FORMATS;
  readonly table: string;
  readonly out?: string;
}

/** `unpair export ID --format parquet|csv|jsonl`. */
export function addExportCommand(program: Command, context: CommandContext): void {
  program
    .command('export')
    .description('write the per-sample results of a campaign to a file, or to standard output')
    .argument('<id>', 'campaign id, as `list` shows it')
    .addOption(
      new Option('--format <format>', 'file format').choices(Object.keys(FORMATS)).makeOptionMandatory(),
    )
    .addOption(new Option('--table <table>', 'which results').choices(TABLES).default('attacks'))
    .option('--out <file>', 'file to write (default: standard output)')
    .addOption(serverOption())
    .action((id: string, options: ExportOptions) => runExport(id, options, context));
}

async function runExport(
  id: string,
  options: ExportOptions,
  { terminal, signal }: CommandContext,
): Promise<void> {
  const { format, table, out } = options;
  if (out === undefined && format === 'parquet' && terminal.isInteractive) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      'Parquet is binary and standard output is a terminal: give --out FILE',
    );
  }
  if (out !== undefined) await assertOutputFile('--out', out);
  await withClient(options, async (client) => {
    const pieces = client.export(id, FORMATS[format], table, signal);
    if (out !== undefined) await writeWhole(out, pieces);
    else for await (const piece of pieces) await terminal.write(piece);
  });
  if (out !== undefined) terminal.note(`wrote ${table} of campaign ${id} to ${out}`);
}
