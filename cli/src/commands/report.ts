import type { Command } from 'commander';
import type { Report } from '@unpair/campaign';
import { renderReport } from '@unpair/campaign';

import type { CommandContext } from '../context.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

interface ReportOptions extends ServerOptions {
  readonly json?: true;
}

/** `unpair report ID`. */
export function addReportCommand(program: Command, context: CommandContext): void {
  program
    .command('report')
    .description('show the report over the results so far')
    .argument('<id>', 'campaign id, as `list` shows it')
    .option('--json', 'print the report as JSON')
    .addOption(serverOption(context))
    .action((id: string, options: ReportOptions) => runReport(id, options, context));
}

async function runReport(
  id: string,
  options: ReportOptions,
  { terminal, signal }: CommandContext,
): Promise<void> {
  const report = JSON.parse(await withClient(options, (client) => client.report(id, signal))) as Report;
  terminal.print(options.json ? JSON.stringify(report, null, 2) : renderReport(report));
}
