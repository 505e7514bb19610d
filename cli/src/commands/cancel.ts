import type { Command } from 'commander';

import { stateWord } from '../client/campaign-table.js';
import type { CommandContext } from '../context.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

/** `unpair cancel ID`. */
export function addCancelCommand(program: Command, context: CommandContext): void {
  program
    .command('cancel')
    .description('stop a campaign; results that exist stay')
    .argument('<id>', 'campaign id, as `list` shows it')
    .addOption(serverOption(context))
    .action((id: string, options: ServerOptions) => runCancel(id, options, context));
}

async function runCancel(
  id: string,
  options: ServerOptions,
  { terminal, signal }: CommandContext,
): Promise<void> {
  const campaign = await withClient(options, (client) => client.cancel(id, signal));
  terminal.print(`campaign ${id} is ${stateWord(campaign)}`);
}
