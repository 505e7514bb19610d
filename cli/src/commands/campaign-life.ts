import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';

import { UnpairError } from '@unpair/errors';
import { ResumeScope } from '@unpair/protocol';
import type { CampaignClient } from '../client/campaign-client.js';
import { stateWord } from '../client/campaign-table.js';
import type { CommandContext } from '../context.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

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
    name: 'retry',
    description: 'run tasks of a campaign again that failed or were given up',
    act: (client, id, signal) => resume(client, id, ResumeScope.FAILED, signal),
  },
  {
    name: 'drop',
    description: 'give up the failed tasks of a campaign: they count as cancelled',
    act: async (client, id, signal) => {
      const dropped = await client.drop(id, signal);
      return `dropped ${dropped === 1 ? '1 task' : `${dropped} tasks`} of campaign ${id}`;
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

async function resume(
  client: CampaignClient,
  id: string,
  scope: ResumeScope,
  signal: AbortSignal,
): Promise<string> {
  const resumed = await client.resume(id, scope, signal);
  const what = scope === ResumeScope.ALL ? 'runs everything again' : `is ${stateWord(resumed)}`;
  return `campaign ${resumed.id} ${what}; see it with "unpair watch ${resumed.id}"`;
}

/** `unpair pause|retry|drop|cancel|delete ID`, `unpair resume ID --scope …` and `unpair set ID …`. */
export function addCampaignLifeCommands(program: Command, context: CommandContext): void {
  for (const { name, description, act } of COMMANDS) {
    onCampaign(program, context, name, description).action((id: string, options: ServerOptions) =>
      say(context, options, (client) => act(client, id, context.signal)),
    );
  }
  onCampaign(program, context, 'resume', 'go on with a campaign that was paused or cancelled, or has ended')
    .addOption(
      new Option('--scope <scope>', 'tasks without an end, failed ones too, or all as a new campaign')
        .choices(Object.keys(SCOPES))
        .default('unfinished'),
    )
    .action((id: string, options: ServerOptions & { readonly scope: keyof typeof SCOPES }) =>
      say(context, options, (client) => resume(client, id, SCOPES[options.scope], context.signal)),
    );
  onCampaign(program, context, 'set', 'change what a campaign gets of the workers')
    .option('--priority <n>', 'campaigns of a higher priority are served first (-1000 to 1000)', number)
    .option('--weight <w>', 'its share among campaigns of one priority (0.01 to 100)', number)
    .action((id: string, options: SetOptions) =>
      say(context, options, (client) => set(client, id, options, context.signal)),
    );
}

interface SetOptions extends ServerOptions {
  readonly priority?: number;
  readonly weight?: number;
}

async function set(
  client: CampaignClient,
  id: string,
  { priority, weight }: SetOptions,
  signal: AbortSignal,
): Promise<string> {
  if (priority === undefined && weight === undefined)
    throw new UnpairError('INVALID_ARGUMENT', 'set must be given --priority, --weight or both');
  const changed = await client.update({ id, priority, weight }, signal);
  return `campaign ${changed.id} has priority ${changed.priority} and weight ${changed.weight}`;
}

/** A parser of option values that takes numbers. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

function onCampaign(program: Command, context: CommandContext, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<id>', 'campaign id, as `list` shows it, or its beginning')
    .addOption(serverOption(context));
}

async function say(
  { terminal }: CommandContext,
  options: ServerOptions,
  act: (client: CampaignClient) => Promise<string>,
): Promise<void> {
  terminal.print(await withClient(options, act));
}
