import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';

import { UnpairError } from '@unpair/errors';
import type { DropTasksRequest, ResumeCampaignRequest, UpdateCampaignRequest } from '@unpair/protocol';
import { ResumeScope } from '@unpair/protocol';
import type { CampaignClient } from '../client/campaign-client.js';
import { stateWord } from '../client/campaign-table.js';
import type { CommandContext } from '../context.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';
import type { TaskFilterOptions } from './task-filter.js';
import { addTaskFilter, filterOf } from './task-filter.js';

/** What of a campaign is run again. */
export const SCOPES = {
  unfinished: ResumeScope.UNFINISHED,
  failed: ResumeScope.FAILED,
  all: ResumeScope.ALL,
} as const;

/** A command on one campaign: what it does, and the sentence that says that it is done. */
interface LifeCommand {
  readonly name: string;
  readonly description: string;
  readonly act: (client: CampaignClient, id: string, signal: AbortSignal) => Promise<string>;
}

const COMMANDS: readonly LifeCommand[] = [
  {
    name: 'pause',
    description: 'release no more tasks of a campaign; what workers have in hand may still end',
    act: async (client, id, signal) => {
      const paused = await client.pause(id, signal);
      return `campaign ${paused.id} is paused; go on with "unpair resume ${paused.id}"`;
    },
  },
  {
    name: 'cancel',
    description: 'stop a campaign; results that exist stay',
    act: async (client, id, signal) => {
      const cancelled = await client.cancel(id, signal);
      return `campaign ${cancelled.id} is ${stateWord(cancelled)}`;
    },
  },
  {
    name: 'delete',
    description: 'delete a campaign that has ended, with its results and what only it refers to',
    act: async (client, id, signal) => `campaign ${await client.delete(id, signal)} is deleted`,
  },
];

/** Commands on the failed tasks of a campaign, or on some of them. */
const ON_FAILED: readonly ChoosingCommand[] = [
  {
    name: 'retry',
    description: 'run tasks of a campaign again that failed or were given up: all, or those that are chosen',
    act: (client, { id, tasks }, signal) => resume(client, { id, tasks, scope: ResumeScope.FAILED }, signal),
  },
  {
    name: 'drop',
    description: 'give up the failed tasks of a campaign, or those chosen: they count as cancelled',
    act: async (client, request, signal) => {
      const dropped = await client.drop(request, signal);
      return `dropped ${dropped === 1 ? '1 task' : `${dropped} tasks`} of campaign ${request.id}`;
    },
  },
];

interface ChoosingCommand extends Omit<LifeCommand, 'act'> {
  readonly act: (client: CampaignClient, request: DropTasksRequest, signal: AbortSignal) => Promise<string>;
}

async function resume(
  client: CampaignClient,
  request: ResumeCampaignRequest,
  signal: AbortSignal,
): Promise<string> {
  const resumed = await client.resume(request, signal);
  const what = request.scope === ResumeScope.ALL ? 'runs everything again' : `is ${stateWord(resumed)}`;
  return `campaign ${resumed.id} ${what}; see it with "unpair watch ${resumed.id}"`;
}

/** `unpair pause|retry|drop|cancel|delete ID`, `unpair resume ID --scope …` and `unpair set ID …`. */
export function addCampaignLifeCommands(program: Command, context: CommandContext): void {
  for (const { name, description, act } of COMMANDS) {
    onCampaign(program, name, description).action((id: string, options: ServerOptions) =>
      say(context, options, (client) => act(client, id, context.signal)),
    );
  }
  for (const { name, description, act } of ON_FAILED) {
    addTaskFilter(onCampaign(program, name, description), ['failed', 'dead']).action(
      (id: string, options: ServerOptions & TaskFilterOptions) =>
        say(context, options, (client) => act(client, { id, tasks: filterOf(options) }, context.signal)),
    );
  }
  onCampaign(program, 'resume', 'go on with a campaign that was paused or cancelled, or has ended')
    .addOption(
      new Option('--scope <scope>', 'tasks without an end, failed ones too, or all as a new campaign')
        .choices(Object.keys(SCOPES))
        .default('unfinished'),
    )
    .action((id: string, options: ServerOptions & { readonly scope: keyof typeof SCOPES }) =>
      say(context, options, (client) =>
        resume(client, { id, scope: SCOPES[options.scope], tasks: undefined }, context.signal),
      ),
    );
  onCampaign(program, 'set', 'change what a campaign gets of the workers, and of which')
    .option('--priority <n>', 'campaigns of a higher priority are served first (-1000 to 1000)', number)
    .option('--weight <w>', 'its share among campaigns of one priority (0.01 to 100)', number)
    .option('--engine <name>', 'engine that computes its rows, as `workers` shows them, or any', engineName)
    .option('--train-engine <name>', 'engine that makes its models, or any', engineName)
    .action((id: string, options: SetOptions) =>
      say(context, options, (client) => set(client, id, options, context.signal)),
    );
}

type SetOptions = ServerOptions & Partial<Omit<UpdateCampaignRequest, 'id'>>;

/** On the wire, the engine with most slots has no name. */
const engineName = (name: string): string => (name === 'any' ? '' : name);

async function set(
  client: CampaignClient,
  id: string,
  { priority, weight, engine, trainEngine }: SetOptions,
  signal: AbortSignal,
): Promise<string> {
  if ([priority, weight, engine, trainEngine].every((one) => one === undefined)) {
    const allowed = '--priority, --weight, --engine or --train-engine';
    throw new UnpairError('INVALID_ARGUMENT', `set must be given one at least of ${allowed}`);
  }
  const changed = await client.update({ id, priority, weight, engine, trainEngine }, signal);
  return `campaign ${changed.id} has priority ${changed.priority} and weight ${changed.weight}`;
}

/** A parser of option values that takes numbers. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

function onCampaign(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<id>', 'campaign id, as `list` shows it, or its beginning')
    .addOption(serverOption());
}

async function say(
  { terminal }: CommandContext,
  options: ServerOptions,
  act: (client: CampaignClient) => Promise<string>,
): Promise<void> {
  terminal.print(await withClient(options, act));
}
