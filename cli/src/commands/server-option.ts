import { Option, type Command } from 'commander';

import { UnpairError } from '@unpair/errors';
import type { CampaignClient } from '../client/campaign-client.js';
import type { ClientAccess } from '@unpair/platform';
import type { CommandContext } from '../context.js';
import { readContexts } from '../contexts/context-file.js';

/** Options that every command against a coordinator has, once the target is chosen. */
export interface ServerOptions {
  readonly server: string;
  readonly access: ClientAccess;
}

/** `--server HOST:PORT[,HOST:PORT…]`. */
export function serverOption(): Option {
  const text = 'coordinator to talk to, or several separated by commas: the one that leads is asked';
  return new Option('--server <host:port>', `${text} (default: of the context, or localhost:50051)`);
}

/** Puts the cluster that is meant into the options of a command that talks to one; `run` talks to one where it is named. */
export async function chooseTarget(root: Command, command: Command, context: CommandContext): Promise<void> {
  if (!command.options.some(({ long }) => long === '--server') || command.parent?.name() === 'context')
    return;
  const named = {
    server: command.getOptionValue('server') as string | undefined,
    context: root.getOptionValue('context') as string | undefined,
  };
  if (command.name() === 'run' && named.server === undefined && named.context === undefined) return;
  const { resolveTarget } = await import('../contexts/target.js');
  const { contextsFile, serverVariable, contextVariable } = context;
  const wishes = { ...named, serverVariable, contextVariable };
  const { server, access } = await resolveTarget(wishes, await readContexts(contextsFile));
  command.setOptionValue('server', server).setOptionValue('access', access);
}

/** Runs `action` with a client that is closed afterwards. */
export async function withClient<T>(
  { server, access }: ServerOptions,
  action: (client: CampaignClient) => Promise<T>,
): Promise<T> {
  const { CampaignClient } = await import('../client/campaign-client.js');
  using client = new CampaignClient(checkServer(server), access);
  try {
    return await action(client);
  } catch (error) {
    throw explainLostServer(error, server);
  }
}

/** gRPC's own words for a server that is not there are about sockets; ours name the server. */
export function explainLostServer(error: unknown, server: string): unknown {
  const lost = error instanceof Error && error.message.startsWith('No connection established');
  return lost
    ? new UnpairError('UNAVAILABLE', `no coordinator answers at ${server}`, { cause: error })
    : error;
}

/** @throws {UnpairError} unless the text is `host:port`, or several of them separated by commas. */
export function checkServer(server: string): string {
  const isServer = (text: string): boolean => {
    const port = /^(?:\[[0-9a-f:]+\]|[^\s:]+):(\d{1,5})$/i.exec(text)?.[1];
    return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
  };
  const servers = server.split(',').map((text) => text.trim());
  if (servers.every(isServer)) return servers.join(',');
  throw new UnpairError(
    'INVALID_ARGUMENT',
    `the server is "${server}", but must be HOST:PORT with a port from 1 to 65535`,
  );
}
