import type { Command } from 'commander';
import type { Report } from '@unpair/campaign';
import { compareReports, renderComparison } from '@unpair/campaign';

import type { CommandContext } from '../context.js';
import { readReport, reportFileOf } from '../report-file.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

interface CompareOptions extends ServerOptions {
  readonly json?: true;
}

/** `unpair compare A B`. */
export function addCompareCommand(program: Command, context: CommandContext): void {
  const run = 'folder or report.json of a run on this machine, or id of a campaign on a cluster';
  program
    .command('compare')
    .description('set two reports side by side: what differs beyond chance, and what in their setup')
    .argument('<first>', run)
    .argument('<second>', 'the same')
    .option('--json', 'print JSON')
    .addOption(serverOption())
    .action((first: string, second: string, options: CompareOptions) =>
      runCompare([first, second], options, context),
    );
}

async function runCompare(
  runs: readonly [string, string],
  options: CompareOptions,
  { terminal, signal }: CommandContext,
): Promise<void> {
  const read = async (run: string): Promise<Report> => {
    const file = await reportFileOf(run);
    const text =
      file === undefined
        ? await withClient(options, (client) => client.report(run, signal))
        : await readReport(file);
    return JSON.parse(text) as Report;
  };
  const comparison = compareReports(await read(runs[0]), await read(runs[1]));
  if (options.json) terminal.print(JSON.stringify(comparison, null, 2));
  else await terminal.page(renderComparison(comparison, terminal));
}
