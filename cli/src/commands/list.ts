import type { Command } from 'commander';
import { Option } from 'commander';
import type { Campaign } from '@unpair/protocol';
import { CampaignState } from '@unpair/protocol';

import type { CampaignClient } from '../client/campaign-client.js';
import { campaignTable } from '../client/campaign-table.js';
import type { CommandContext } from '../context.js';
import { localRuns } from '../report-file.js';
import { renderTable } from '../terminal/table.js';
import type { Labels } from './label.js';
import { label } from './label.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';
import { wholeNumber } from './whole-number.js';

interface ListOptions extends ServerOptions {
  readonly limit: number;
  readonly state?: readonly string[];
  readonly label: Labels;
  readonly json?: true;
  readonly allTenants?: true;
  /** A folder, or `true` for the usual one. */
  readonly runs?: string | true;
}

const PAGE_SIZE = 200;

const STATE_OF = {
  running: CampaignState.RUNNING,
  paused: CampaignState.PAUSED,
  succeeded: CampaignState.SUCCEEDED,
  failed: CampaignState.FAILED,
  cancelled: CampaignState.CANCELLED,
} as const;
const STATES = Object.keys(STATE_OF);

/** `unpair list`. */
export function addListCommand(program: Command, context: CommandContext): void {
  program
    .command('list')
    .description('list campaigns, newest first')
    .option('--limit <n>', 'most campaigns to show', wholeNumber(1, 100_000), 50)
    .addOption(new Option('--state <state...>', 'only those in one of these states').choices(STATES))
    .option('--label <key=value>', 'only those that have it; may be repeated', label, {})
    .option('--all-tenants', 'those of every tenant, for admins')
    .option('--json', 'print JSON')
    .addOption(
      new Option(
        '--runs [dir]',
        'instead, the runs on this machine that have a report (default: runs)',
      ).conflicts([...['server', 'state', 'label', 'allTenants', 'json']]),
    )
    .addOption(serverOption())
    .action((options: ListOptions) =>
      options.runs === undefined ? runList(options, context) : listRuns(options.runs, options, context),
    );
}

async function runList(options: ListOptions, { terminal, signal }: CommandContext): Promise<void> {
  const campaigns = await withClient(options, (client) => newest(client, options, signal));
  terminal.print(options.json ? JSON.stringify(campaigns, null, 2) : campaignTable(campaigns));
}

async function listRuns(
  runs: string | true,
  { limit }: ListOptions,
  { terminal }: CommandContext,
): Promise<void> {
  const found = await localRuns(runs === true ? 'runs' : runs);
  const rows = found
    .slice(0, limit)
    .map(({ run, report: { name, integrity, provenance } }) => [
      ...[run, name, `${integrity.results}/${integrity.tasks}`, integrity.resultsDigest.slice(0, 12)],
      provenance.finished?.replace('T', ' ').slice(0, 19) ?? '',
    ]);
  terminal.print(renderTable(['run', 'name', 'tasks', 'results', 'ended'], rows));
}

async function newest(
  client: CampaignClient,
  { limit, state = [], label: labels, allTenants }: ListOptions,
  signal: AbortSignal,
): Promise<readonly Campaign[]> {
  const found: Campaign[] = [];
  const states = state.map((word) => STATE_OF[word as keyof typeof STATE_OF]);
  let token = '';
  do {
    const page = await client.list(
      {
        ...{ pageSize: Math.min(PAGE_SIZE, limit - found.length), pageToken: token, states, labels },
        ...(allTenants && { allTenants }),
      },
      signal,
    );
    found.push(...page.campaigns);
    token = page.nextPageToken;
  } while (token !== '' && found.length < limit);
  return found;
}
