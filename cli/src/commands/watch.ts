import type { Command } from 'commander';

import { campaignText } from '../client/campaign-table.js';
import { followCampaign } from '../client/follow.js';
import type { CommandContext } from '../context.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

/** `unpair watch ID`. */
export function addWatchCommand(program: Command, context: CommandContext): void {
  program
    .command('watch')
    .description('follow a campaign until it ends')
    .argument('<id>', 'campaign id, as `list` shows it')
    .addOption(serverOption())
    .action((id: string, options: ServerOptions) => runWatch(id, options, context));
}

async function runWatch(
  id: string,
  options: ServerOptions,
  { terminal, signal }: CommandContext,
): Promise<void> {
  const progress = terminal.progress();
  try {
    const campaign = await withClient(options, (client) => followCampaign(client, id, { progress, signal }));
    progress.end();
    terminal.print(campaignText(campaign));
  } finally {
    progress.end();
  }
}
