import { resolve } from 'node:path';

import type { Command } from 'commander';
import { UnpairError } from '@unpair/errors';

import type { CommandContext } from '../context.js';
import type { Cluster } from '../contexts/context-file.js';
import { clusterOf, readContexts, writeContexts } from '../contexts/context-file.js';
import { renderTable } from '../terminal/table.js';
import { checkServer } from './server-option.js';

interface AddOptions {
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly tokenFile?: string;
  readonly plaintext?: true;
}

/** `unpair context add|use|list|show|remove`. */
export function addContextCommand(program: Command, context: CommandContext): void {
  const { contextsFile: path, terminal } = context;
  const group = program.command('context').description('clusters to talk to, and who one is there');
  group
    .command('add <name>')
    .description('add a cluster, or replace it; the first becomes the current one')
    .requiredOption('--server <host:port>', 'its coordinator, or several separated by commas')
    .option('--token-file <file>', 'file that holds a token and nothing else')
    .option('--ca <file>', "authority of the coordinator's certificate (default: what the system trusts)")
    .option('--cert <file>', 'certificate to show')
    .option('--key <file>', 'its key')
    .option('--plaintext', 'without TLS, though the server is on another machine')
    .action((name: string, options: AddOptions) => add(path, name, options));
  group
    .command('use <name>')
    .description('talk to this cluster unless told otherwise')
    .action(async (name: string) => {
      const all = await readContexts(path);
      clusterOf(all, name);
      await writeContexts(path, { ...all, current: name });
    });
  group
    .command('list')
    .description('the clusters; * marks the current one')
    .action(async () => {
      const { contexts, current } = await readContexts(path);
      const rows = Object.entries(contexts).map(([name, { server }]) => [
        name === current ? '*' : '',
        name,
        server,
      ]);
      terminal.print(renderTable(['', 'name', 'server'], rows));
    });
  group
    .command('show [name]')
    .description('how a cluster is reached; the current one unless named')
    .action(async (name: string | undefined) => {
      const all = await readContexts(path);
      terminal.print(JSON.stringify(clusterOf(all, name ?? all.current ?? ''), null, 2));
    });
  group
    .command('remove <name>')
    .description('forget a cluster')
    .action((name: string) => remove(path, name));
}

async function add(path: string, name: string, options: AddOptions): Promise<void> {
  if (!/^[\w.-]{1,63}$/.test(name)) {
    const message = `the name of a context must be 1 to 63 letters, digits, ".", "_" and "-", got "${name}"`;
    throw new UnpairError('INVALID_ARGUMENT', message);
  }
  if ((options.cert === undefined) !== (options.key === undefined))
    throw new UnpairError('INVALID_ARGUMENT', '--cert and --key belong together');
  const all = await readContexts(path);
  const file = (each: string | undefined): string | undefined =>
    each === undefined ? undefined : resolve(each);
  const { ca, cert, key, tokenFile, plaintext } = options;
  const server = checkServer(options.server);
  const cluster: Cluster = {
    server,
    ca: file(ca),
    cert: file(cert),
    key: file(key),
    tokenFile: file(tokenFile),
    plaintext,
  };
  const contexts = { ...all.contexts, [name]: cluster };
  await writeContexts(path, { current: all.current ?? name, contexts });
}

async function remove(path: string, name: string): Promise<void> {
  const all = await readContexts(path);
  clusterOf(all, name);
  const contexts = Object.fromEntries(Object.entries(all.contexts).filter(([each]) => each !== name));
  await writeContexts(path, { contexts, ...(all.current !== name && { current: all.current }) });
}
