import type { Command } from 'commander';
import { UnpairError } from '@unpair/errors';
import { Finding_Severity as Severity } from '@unpair/protocol';

import type { CommandContext } from '../context.js';
import type { ServerOptions } from './server-option.js';
import { serverOption, withClient } from './server-option.js';

interface DoctorOptions extends ServerOptions {
  readonly json?: true;
}

const WORDS: Readonly<Partial<Record<Severity, string>>> = {
  [Severity.OK]: 'ok     ',
  [Severity.WARNING]: 'warning',
  [Severity.ERROR]: 'error  ',
};

/** `unpair doctor --server HOST:PORT`. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description(
      'look at a cluster: broker, storage, coordinator, work that is stuck, and what to do about it',
    )
    .option('--json', 'print JSON')
    .addOption(serverOption(context))
    .action((options: DoctorOptions) => runDoctor(options, context));
}

async function runDoctor(options: DoctorOptions, { terminal, signal }: CommandContext): Promise<void> {
  const before = Date.now();
  const findings = await withClient(options, (client) => client.diagnose(signal));
  if (options.json) terminal.print(JSON.stringify(findings, null, 2));
  else
    for (const { severity, subject, description, remedy } of findings) {
      terminal.print(`${WORDS[severity] ?? severity}  ${subject.padEnd(11)}  ${description}`);
      if (remedy !== '') terminal.print(`${' '.repeat(22)}→ ${remedy}`);
    }
  if (!options.json) terminal.print(`answered in ${Date.now() - before} ms`);
  const errors = findings.filter(({ severity }) => severity === Severity.ERROR).length;
  const count = errors === 1 ? '1 error' : `${errors} errors`;
  if (errors > 0) throw new UnpairError('ABORTED', `the cluster at ${options.server} has ${count}`);
}
