import type { Command } from 'commander';

import { campaignText } from '../client/campaign-table.js';
import type { CommandContext } from '../context.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

interface GetOptions extends ServerOptions {
  readonly json?: true;
}

/** `unpair get ID`. */
export function addGetCommand(program: Command, context: CommandContext): void {
  program
    .command('get')
    .description('show one campaign')
    .argument('<id>', 'campaign id, as `list` shows it')
    .option('--json', 'print JSON')
    .addOption(serverOption())
    .action((id: string, options: GetOptions) => runGet(id, options, context));
}

async function runGet(id: string, options: GetOptions, { terminal, signal }: CommandContext): Promise<void> {
  const campaign = await withClient(options, (client) => client.get(id, signal));
  terminal.print(options.json ? JSON.stringify(campaign, null, 2) : campaignText(campaign));
}
