import type { Command } from 'commander';
import { Option } from 'commander';
import type { Report, Selection } from '@unpair/campaign';
import { renderReport, renderVerdict, selectReport } from '@unpair/campaign';

import { reportText } from '../client/report-text.js';
import type { CommandContext } from '../context.js';
import { assertOutputFile, assertOverwritesNone } from '../output-file.js';
import { readReport, reportFileOf, writePage } from '../report-file.js';
import { fraction } from './fraction.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

interface ReportOptions extends ServerOptions, Selection {
  readonly json?: true;
  readonly full?: true;
  readonly html?: string;
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
    .addOption(
      new Option('--html <file>', 'write the whole report as a page, charts included').conflicts([
        ...['json', 'full', 'target', 'surrogate', 'attack', 'epsilon'],
      ]),
    )
    .addOption(serverOption())
    .action((run: string, options: ReportOptions) => runReport(run, options, context));
}

async function runReport(
  run: string,
  options: ReportOptions,
  { terminal, signal }: CommandContext,
): Promise<void> {
  const { html } = options;
  const source = await reportFileOf(run);
  if (html !== undefined) {
    await assertOutputFile('--html', html);
    await assertOverwritesNone('--html', html, { 'the report': source });
  }
  const text =
    source === undefined
      ? await withClient(options, (client) => client.report(run, signal))
      : await readReport(source);
  if (html !== undefined) {
    await writePage(html, JSON.parse(text) as Report);
    terminal.print(`page: ${html}`);
    return;
  }
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
