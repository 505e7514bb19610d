import type { Command } from 'commander';
import { UnpairError } from '@unpair/errors';
import type { DiagnoseResponse, Finding } from '@unpair/protocol';
import { Finding_Severity as Severity } from '@unpair/protocol';

import type { CommandContext } from '../context.js';
import { VERSION } from '../version.js';
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
    .addOption(serverOption())
    .action((options: DoctorOptions) => runDoctor(options, context));
}

async function runDoctor(options: DoctorOptions, { terminal, signal }: CommandContext): Promise<void> {
  const before = Date.now();
  const answer = await withClient(options, (client) => client.diagnose(signal));
  const findings = [...answer.findings, ...ownFindings(answer, [before, Date.now()])];
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

/** Seconds that clocks may differ before times in lists mislead. */
const CLOCK_TOLERANCE = 5;

/** How this machine and its command go with the coordinator, which answered at some time between `sent` and `got`. */
function ownFindings({ time, version }: DiagnoseResponse, [sent, got]: readonly [number, number]): Finding[] {
  const theirs = time?.getTime() ?? got;
  const apart = Math.max(0, sent - theirs, theirs - got) / 1_000;
  const clocks = `the coordinator's clock and this machine's are ${apart.toFixed(1)} s apart at least`;
  const sync = 'let both synchronize their clocks; no result depends on it, but times in lists do';
  const versions = `this command is of version ${VERSION}, the coordinator of ${version}`;
  return [
    ...(apart > CLOCK_TOLERANCE ? [warning('clock', clocks, sync)] : []),
    ...(version === VERSION
      ? []
      : [warning('versions', versions, 'use the command of the coordinator’s version')]),
  ];
}

function warning(subject: string, description: string, remedy: string): Finding {
  return { severity: Severity.WARNING, subject, description, remedy };
}
