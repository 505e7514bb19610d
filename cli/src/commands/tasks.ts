import type { Command } from 'commander';
import type { TaskStatus } from '@unpair/protocol';

import type { CampaignClient } from '../client/campaign-client.js';
import type { CommandContext } from '../context.js';
import { renderTable } from '../terminal/table.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';
import type { TaskFilterOptions } from './task-filter.js';
import { addTaskFilter, filterOf, TASK_STATES } from './task-filter.js';
import { wholeNumber } from './whole-number.js';

interface TasksOptions extends ServerOptions, TaskFilterOptions {
  readonly limit: number;
  readonly json?: true;
}

const PAGE_SIZE = 500;

/** `unpair tasks ID --state failed`. */
export function addTasksCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('tasks')
    .description('list the tasks of a campaign, in the order of its plan')
    .argument('<id>', 'campaign id, as `list` shows it, or its beginning');
  addTaskFilter(command, TASK_STATES)
    .option('--limit <n>', 'most tasks to show', wholeNumber(1, 1_000_000), 50)
    .option('--json', 'print JSON')
    .addOption(serverOption())
    .action((id: string, options: TasksOptions) => runTasks(id, options, context));
}

async function runTasks(
  id: string,
  options: TasksOptions,
  { terminal, signal }: CommandContext,
): Promise<void> {
  const tasks = await withClient(options, (client) => firstTasks(client, id, options, signal));
  terminal.print(options.json ? JSON.stringify(tasks, null, 2) : taskTable(tasks));
}

async function firstTasks(
  client: CampaignClient,
  id: string,
  { limit, ...options }: TasksOptions,
  signal: AbortSignal,
): Promise<readonly TaskStatus[]> {
  const found: TaskStatus[] = [];
  const tasks = filterOf(options);
  let pageToken = '';
  do {
    const pageSize = Math.min(PAGE_SIZE, limit - found.length);
    const page = await client.tasks({ id, tasks, pageSize, pageToken }, signal);
    found.push(...page.tasks);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && found.length < limit);
  return found;
}

function taskTable(tasks: readonly TaskStatus[]): string {
  const rows = tasks.map(({ index, state, label, attempts, worker, time, error }) => [
    index,
    state.replace('TASK_STATE_', '').toLowerCase().replace('_', '-'),
    label,
    attempts,
    worker,
    time?.toISOString().replace('T', ' ').slice(0, 19) ?? '',
    error,
  ]);
  return renderTable(['task', 'state', 'what', 'attempts', 'worker', 'time', 'error'], rows);
}
