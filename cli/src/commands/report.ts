import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Command } from 'commander';
import { Option } from 'commander';
import type { Report, Selection } from '@unpair/campaign';
import { renderReport, renderVerdict, selectReport } from '@unpair/campaign';

import { reportText } from '../client/report-text.js';
import type { CommandContext } from '../context.js';
import { readReport } from '../report-file.js';
import { fraction } from './fraction.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

interface ReportOptions extends ServerOptions, Selection {
  readonly json?: true;
  readonly full?: true;
}

/** `unpair report RUN`. */
export function addReportCommand(program: Command, context: CommandContext): void {
  program
    .command('report')
    .description('say what a campaign comes to; of one that runs, so far')
    .argument('<run>', 'folder or report.json of a run on this machine, or id of a campaign on a cluster')
    .option('--full', 'every table, rather than the few figures behind the verdict')
    .option('--target <name>', 'only tables of this target')
    .option('--surrogate <name>', 'only tables of this surrogate')
    .option('--attack <name>', 'only tables of this attack')
    .addOption(new Option('--epsilon <ε>', 'only tables at this epsilon: 8/255').argParser(fraction))
    .option('--json', 'print the whole report as JSON')
    .addOption(serverOption())
    .action((run: string, options: ReportOptions) => runReport(run, options, context));
}

async function runReport(
  run: string,
  options: ReportOptions,
  { terminal, signal }: CommandContext,
): Promise<void> {
  const text = await reportOf(run, options, signal);
  if (options.json) {
    terminal.print(JSON.stringify(JSON.parse(text), null, 2));
    return;
  }
  const report = JSON.parse(text) as Report;
  const { width, color } = terminal;
  const { target, surrogate, attack, epsilon, full } = options;
  const selection = { target, surrogate, attack, epsilon };
  if (Object.values(selection).some((value) => value !== undefined)) {
    await terminal.page(renderReport(selectReport(report, selection as Selection), { width, color }));
  } else if (full) {
    const verdict = renderVerdict(report, { width, color, all: true });
    await terminal.page(`${verdict}\n${renderReport(report, { width, color })}`);
  } else terminal.print(reportText(report, { width, color }, `unpair report ${run} --full`));
}

/** A file of that name comes before a campaign on a cluster, whose ids are unlike paths. */
async function reportOf(run: string, options: ServerOptions, signal: AbortSignal): Promise<string> {
  const found = await stat(run).catch(() => undefined);
  if (found === undefined) return withClient(options, (client) => client.report(run, signal));
  return readReport(found.isDirectory() ? join(run, 'report.json') : run);
}
