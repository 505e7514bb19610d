import type { Command } from 'commander';

import { workerTable } from '../client/worker-table.js';
import type { CommandContext } from '../context.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

interface WorkersOptions extends ServerOptions {
  readonly json?: true;
}

/** `unpair workers`. */
export function addWorkersCommand(program: Command, context: CommandContext): void {
  program
    .command('workers')
    .description('list the workers of a cluster: class, version, tasks in hand')
    .option('--json', 'print JSON')
    .addOption(serverOption())
    .action((options: WorkersOptions) => runWorkers(options, context));
}

async function runWorkers(options: WorkersOptions, { terminal, signal }: CommandContext): Promise<void> {
  const workers = await withClient(options, (client) => client.workers(signal));
  terminal.print(options.json ? JSON.stringify(workers, null, 2) : workerTable(workers));
}
