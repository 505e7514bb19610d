import type { Command } from 'commander';
import type { Campaign } from '@unpair/protocol';

import type { CampaignClient } from '../client/campaign-client.js';
import { campaignTable } from '../client/campaign-table.js';
import type { CommandContext } from '../context.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';
import { wholeNumber } from './whole-number.js';

interface ListOptions extends ServerOptions {
  readonly limit: number;
  readonly json?: true;
}

const PAGE_SIZE = 200;

/** `unpair list`. */
export function addListCommand(program: Command, context: CommandContext): void {
  program
    .command('list')
    .description('list campaigns, newest first')
    .option('--limit <n>', 'most campaigns to show', wholeNumber(1, 100_000), 50)
    .option('--json', 'print JSON')
    .addOption(serverOption(context))
    .action((options: ListOptions) => runList(options, context));
}

async function runList(options: ListOptions, { terminal, signal }: CommandContext): Promise<void> {
  const campaigns = await withClient(options, (client) => newest(client, options.limit, signal));
  terminal.print(options.json ? JSON.stringify(campaigns, null, 2) : campaignTable(campaigns));
}

async function newest(
  client: CampaignClient,
  limit: number,
  signal: AbortSignal,
): Promise<readonly Campaign[]> {
  const found: Campaign[] = [];
  let token = '';
  do {
    const page = await client.list(Math.min(PAGE_SIZE, limit - found.length), token, signal);
    found.push(...page.campaigns);
    token = page.nextPageToken;
  } while (token !== '' && found.length < limit);
  return found;
}
